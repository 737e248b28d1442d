"""Starts mocks and proxies once for all tests, and keeps what they and the clients recorded.

The evidence of a run stands in `--evidence DIR` (`target/sdk-evidence` when not given): `calls.ndjson` of the
clients, and a folder for every proxy with its attempt log.
"""

import pathlib
import shutil

import pytest

from support.calls import CallLog
from support.parts import ROOT, Alone, Part, binary

# Answers come in a moment, and are long enough for faults in their middle. The frames are small, so that a
# stream has many events.
MOCK = """
[providers.mock]
profile = "{profile}"
latency = {{ overhead = "5ms", per_prompt_token = "0ms", ttft_cv = 0.0, inter_token = "1ms", inter_token_cv = 0.0 }}
stream  = {{ first_frame_tokens = 1, tokens_per_frame = 2 }}
answer  = {{ tokens_p50 = 24, tokens_p90 = 40 }}
"""
PROFILES = {
    "bedrock": "bedrock/claude-haiku",
    "vertex": "vertex/gemini-flash",
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku",
}

pytest_plugins = ["support.recording"]

# Nothing of the machine's own configuration may reach the clients.
FOREIGN_ENVIRONMENT = [
    "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS", "AWS_NEW_RETRIES_2026", "GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_VERTEX_BASE_URL",
    "GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE",
    "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_VERSION", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT",
    "AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL", "ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
]  # fmt: skip


def pytest_addoption(parser):
    parser.addoption(
        "--evidence",
        type=pathlib.Path,
        default=ROOT / "target" / "sdk-evidence",
        help="where the logs of the parts and of the clients go; emptied first",
    )


def pytest_collection_modifyitems(items):
    """The logs are read when every other test has run."""
    items.sort(key=lambda item: item.path.name == "test_attempt_log.py")


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory):
    """Clients see no configuration but that of the test."""
    nothing = tmp_path_factory.mktemp("nothing")
    with pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN_ENVIRONMENT:
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", str(nothing / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nothing / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "*")
        yield


@pytest.fixture(scope="session")
def evidence(request):
    """The folder of this run's evidence."""
    binary()
    folder = request.config.getoption("--evidence").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def calls(evidence):
    """The clients' own log."""
    return CallLog(evidence / "calls.ndjson")


def start_mock(evidence, family):
    config = evidence / f"mock-{family}.toml"
    config.write_text(MOCK.format(profile=PROFILES[family]), encoding="utf-8")
    arguments = ["mock-provider", "--listen", "127.0.0.1:0", "--config", str(config)]
    return Part(f"mock-{family}", *arguments, log=evidence / f"mock-{family}.log")


def start_secure_mock(evidence, family):
    """The same behind TLS, and the certificate of its authority."""
    config = evidence / f"mock-{family}-tls.toml"
    config.write_text(MOCK.format(profile=PROFILES[family]), encoding="utf-8")
    authority = evidence / "ca.pem"
    arguments = ["mock-provider", "--config", str(config), "--tls", "--ca-out", str(authority)]
    return Alone(f"mock-{family}-tls", *arguments, log=evidence / f"mock-{family}-tls.log"), authority


def start_proxy(evidence, name, family, upstream, *arguments):
    """A proxy that writes its logs to a folder of that name."""
    return Part(
        name,
        *["proxy", "--listen", "127.0.0.1:0", "--upstream", upstream.url, "--family", family],
        *["--out", str(evidence / name), *arguments],
        log=evidence / f"{name}.log",
    )


class Parts:
    """What is running. Whatever is still up at the end is stopped, and must stop cleanly."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.running = {}

    def add(self, part):
        self.running[part.name] = part
        return part

    def mock(self, family):
        """The mock of a family, from the first test on that needs it."""
        return self.running.get(f"mock-{family}") or self.add(start_mock(self.evidence, family))

    def proxy(self, family):
        """The proxy before that mock."""
        name = f"proxy-{family}"
        return self.running.get(name) or self.add(start_proxy(self.evidence, name, family, self.mock(family)))

    def stop(self, name):
        self.running.pop(name).stop()

    def stop_all(self):
        failures = []
        for name in reversed(list(self.running)):
            try:
                self.stop(name)
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)


@pytest.fixture(scope="session")
def parts(evidence):
    """The mocks and the proxies before them, as one run."""
    running = Parts(evidence)
    try:
        yield running
    finally:
        running.stop_all()


def fixture_of(kind, family):
    """The fixture `FAMILY_KIND`: that part, from the first test on that needs it."""

    @pytest.fixture(scope="session", name=f"{family}_{kind}")
    def part(parts):
        return getattr(parts, kind)(family)

    return part


globals().update({f"{family}_{kind}": fixture_of(kind, family) for family in PROFILES for kind in ("mock", "proxy")})
