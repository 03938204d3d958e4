"""The staff's pages: plain forms, working without a script; the week grid is a custom element on top."""
