"""The web server of a questionnaire: Voilà with our own page, cut down to what a participant needs."""
