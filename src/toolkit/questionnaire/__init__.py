"""Questionnaire: what is asked when (`plan`, `schedule`), a person's session, and the page that shows it."""
