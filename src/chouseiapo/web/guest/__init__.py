"""The guest's pages: one address, whose page says what is the case now. No cookie, no script needed."""
