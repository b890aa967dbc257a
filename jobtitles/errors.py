"""The one family of errors that a user can mend; anything else is a bug and stays loud."""


class JobTitlesError(Exception):
    """Something the user can mend: its text says what was given and what to do."""


class DataError(JobTitlesError):
    """A data file breaks its format; the text names file and line."""


class SourceError(JobTitlesError):
    """A model or dataset is missing or is not the one that was asked for."""


class InputError(JobTitlesError):
    """A query, a number or a setting that cannot be used as given."""
