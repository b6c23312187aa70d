"""The errors a user can meet, grouped by what the user must do next.

OpenPanelError
├── ConfigurationError        change the configuration, then run again (exit code 2)
│   ├── InvalidSettingError       a setting, argument or definition is not allowed
│   ├── CredentialsError          the client id or secret is not accepted
│   │   ├── InvalidClientIdError      the id is no lowercase UUIDv4
│   │   ├── UnknownClientError        no client has this id
│   │   ├── WrongSecretError          the secret is not the client's
│   │   ├── ClientNotAllowedError     the client may only write
│   │   └── ClientWithoutSecretError  the client was stored without a secret
│   ├── ProjectAccessError        the client may not read this project
│   ├── ProjectNotFoundError      the project is not in the client's organisation
│   ├── ProjectRequiredError      the request named no project
│   ├── InvalidQueryError         the server refused a parameter
│   ├── QueryTooLongError         URL and headers exceed what the server reads
│   ├── AnswerTooLargeError       an answer is larger than max_page_bytes
│   ├── EndpointNotFoundError     base_url does not lead to an Export API
│   ├── RedirectedError           the server answered with a redirect, which is never followed
│   ├── UnsupportedServerError    the server is too old for what was asked
│   ├── ThreadLimitError          the system lets this process start no more threads
│   └── DestinationError          the destination cannot be written as configured
├── TransientError            wait and run again; the run continues where it stopped (exit code 1)
│   ├── ConnectionFailedError     no connection, or it broke
│   │   └── UnknownHostError          no name server knows the host
│   ├── RequestTimeoutError       no answer in time
│   ├── IncompleteBodyError       the answer was cut off
│   ├── RateLimitedError          429 again and again
│   │   └── LongRefusalError          429 for longer than a run waits
│   ├── RequestAbortedError       the run ended before the answer came
│   ├── ServerUnavailableError    502, 503, 504 and the like
│   ├── PipelineBusyError         another sync of the same pipeline is running
│   └── DestinationBusyError      another process holds the destination
├── UnexpectedError           a mistake of this package; report it (exit code 1)
├── ViewBlockedError          something in the dataset is in the way of a view (exit code 1)
└── ServerFaultError          the server misbehaves; report it to who runs it (exit code 1)
    ├── InternalServerError       500
    ├── DaysMisunderstoodError    it does not select the events of the days asked for
    ├── ContradictoryCountsError  its counts of a range and of the range's days do not add up
    └── UnexpectedAnswerError     an answer that is not the Export API's
"""

from __future__ import annotations


class OpenPanelError(Exception):
    """Anything that stopped this connector; ``request`` is the request that met it, if any.

    Attributes:
        request: Method and URL, without credentials, or None.
        exit_code: What the command exits with.
    """

    exit_code = 1

    def __init__(self, message: str, request: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request

    def __str__(self) -> str:
        return f"{self.message} [{self.request}]" if self.request else self.message

    def __reduce__(self) -> tuple[type[OpenPanelError], tuple[str, str | None]]:
        return type(self), (self.message, self.request)


class ConfigurationError(OpenPanelError):
    """The configuration has to change before a run can succeed."""

    exit_code = 2


class InvalidSettingError(ConfigurationError):
    """A setting, argument or definition has a value that is not allowed."""


def raise_all(problems: list[InvalidSettingError]) -> None:
    """Raise what is wrong, all in one sentence; nothing if nothing is."""
    if problems:
        raise InvalidSettingError("; ".join(one.message.rstrip(".") for one in problems) + ".")


class CredentialsError(ConfigurationError):
    """The server does not accept the client id or the client secret."""


class InvalidClientIdError(CredentialsError):
    """The client id is not a lowercase UUIDv4."""


class UnknownClientError(CredentialsError):
    """The server knows no client of this id."""


class WrongSecretError(CredentialsError):
    """The client secret is not the one of this client."""


class ClientNotAllowedError(CredentialsError):
    """The client may write events but not read them."""


class ClientWithoutSecretError(CredentialsError):
    """The client was stored without a secret and can never export."""


class ProjectAccessError(ConfigurationError):
    """The client is bound to another project."""


class ProjectNotFoundError(ConfigurationError):
    """The client's organisation has no such project."""


class ProjectRequiredError(ConfigurationError):
    """The request named no project."""


class InvalidQueryError(ConfigurationError):
    """The server refused a parameter of the request."""


class QueryTooLongError(ConfigurationError):
    """URL and headers together exceed the 16 KB a server reads."""


class AnswerTooLargeError(ConfigurationError):
    """An answer holds more than ``max_page_bytes`` and was not read."""


class EndpointNotFoundError(ConfigurationError):
    """There is no Export API below ``base_url``."""


class RedirectedError(ConfigurationError):
    """The server answered with a redirect; credentials never follow one."""


class UnsupportedServerError(ConfigurationError):
    """The server is older than what was asked of it."""


class ThreadLimitError(ConfigurationError):
    """The system lets this process start no more threads."""

    def __init__(self, message: str | None = None, request: str | None = None) -> None:
        super().__init__(
            message
            or "the system lets this process start no more threads; raise the limit of processes of"
            " this user (ulimit -u) or container (pids limit), or lower pages_in_flight.",
            request,
        )


class DestinationError(ConfigurationError):
    """The destination cannot be opened or written as configured."""


class TransientError(OpenPanelError):
    """It may work later; running again continues where this run stopped."""


class ConnectionFailedError(TransientError):
    """The server could not be reached, or the connection broke."""


class UnknownHostError(ConnectionFailedError):
    """No name server knows the host of the server."""


class RequestTimeoutError(TransientError):
    """The server did not answer in time."""


class IncompleteBodyError(TransientError):
    """The answer ended before its announced end."""


class RateLimitedError(TransientError):
    """The server kept answering 429."""


class LongRefusalError(RateLimitedError):
    """The server answered 429 and asks for more patience than a run has."""


class RequestAbortedError(TransientError):
    """The run ended before the answer came; nobody waits for it."""


class ServerUnavailableError(TransientError):
    """The server or a proxy before it answered 502, 503 or 504."""


class PipelineBusyError(TransientError):
    """Two runs of one pipeline at once would spoil each other's state."""


class DestinationBusyError(TransientError):
    """Another process holds the destination open for writing."""


class UnexpectedError(OpenPanelError):
    """Something that this package should have foreseen."""


class ViewBlockedError(OpenPanelError):
    """A view cannot be made as long as something else in the dataset stays as it is."""


class ServerFaultError(OpenPanelError):
    """The server misbehaves in a way that configuration does not explain."""


class InternalServerError(ServerFaultError):
    """The server answered 500, which some client mistakes cause as well."""


class DaysMisunderstoodError(ServerFaultError):
    """The server selects other events than those of the days asked for."""


class ContradictoryCountsError(ServerFaultError):
    """The server's counts of the same events, asked for in two ways, do not agree."""


class UnexpectedAnswerError(ServerFaultError):
    """The answer is not one the Export API gives."""
