"""chouseiapo (調整アポ): an event-sourced scheduling-coordination engine."""
