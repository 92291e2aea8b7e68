from __future__ import annotations

import pytest

from dealflow.errors import BrowserMissing, BrowserUnusable
from dealflow.settings import BrowserSettings
from dealflow.sources.browser import launch
from dealflow.sources.browser.chromium import FREE_RESTARTS, MAX_DELAY, STEADY_SECONDS, Losses
from dealflow.sources.whatnot.login import require_display


def test_the_switches_that_keep_chromium_in() -> None:
    switches = launch.switches("abc")
    for needed in (
        "--proxy-bypass-list=<-loopback>",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--dealflow-run=abc",
    ):
        assert needed in switches
    assert not any("remote-debugging" in switch or "sandbox" in switch for switch in switches)


def test_the_sandbox_is_on_but_for_root() -> None:
    def sandboxed(sandbox: str, is_root: bool) -> bool:
        settings = BrowserSettings(sandbox=sandbox)  # type: ignore[arg-type] # all three in turn
        return launch.sandboxed(settings, is_root=is_root)

    assert sandboxed("auto", is_root=False)
    assert not sandboxed("auto", is_root=True)
    assert sandboxed("on", is_root=True)
    assert not sandboxed("off", is_root=False)


def test_the_executable_of_the_settings_comes_first() -> None:
    found = launch.find_executable(BrowserSettings(executable="/opt/c"), which=lambda name: name)
    assert found == "/opt/c"


def test_the_first_name_on_the_path_is_taken() -> None:
    have = {"google-chrome": "/usr/bin/google-chrome", "chrome": "/x/chrome"}
    assert launch.find_executable(BrowserSettings(), which=have.get) == "/usr/bin/google-chrome"


@pytest.mark.parametrize("executable", ["", "/no/such/chromium"])
def test_no_chromium(executable: str) -> None:
    with pytest.raises(BrowserMissing):
        launch.find_executable(BrowserSettings(executable=executable), which=lambda name: None)


def test_our_settings_stay_out_of_chromiums_environment() -> None:
    environ = launch.environment({"DEALFLOW_TOKEN": "secret", "HOME": "/root"}, "/tmp/x")
    assert environ == {"HOME": "/root", "TMPDIR": "/tmp/x"}


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            "<launching> /usr/bin/chromium --a --b\n<launched> pid=9\n[pid=9][err] [9:9:1124/0900:"
            "ERROR:bus.cc(407)] Failed to connect to dbus\n[pid=9][err] [9:9:1124/0900:ERROR:"
            "zygote_host_impl_linux.cc(101)] Running as root without --no-sandbox is not supported",
            "Running as root without --no-sandbox is not supported",
        ),
        (
            "[pid=9][err] chromium: error while loading shared libraries: libnss3.so: cannot open",
            "chromium: error while loading shared libraries: libnss3.so: cannot open",
        ),
        (
            "x\n[9:9:1124/0900:ERROR:dbus.cc(1)] dbus down\n[9:9:1124/0900:FATAL:a.cc(1)] Boom now",
            "Boom now",
        ),
        ("Something else", "Something else"),
        ("", "it gave no reason"),
    ],
)
def test_the_reason_that_tells_most(log: str, reason: str) -> None:
    assert launch.reason_of(log) == reason


def test_throw_away_profiles_are_found() -> None:
    arguments = ["chromium", "--user-data-dir=/tmp/playwright_x", "--user-data-dir=/home/me/own"]
    assert launch.profiles_of(arguments) == ["/tmp/playwright_x"]


def test_losses_in_a_row_make_chromium_rest() -> None:
    losses, now = Losses(), 0.0
    for _ in range(FREE_RESTARTS):
        losses.add(now)
        assert losses.wait(now) == 0.0
        now += 1.0
    rests = []
    for _ in range(9):
        losses.add(now)
        rests.append(losses.wait(now))
        now += rests[-1]
        assert losses.wait(now) == 0.0
    assert 0.8 <= rests[0] <= 1.0
    assert 0.8 * MAX_DELAY <= rests[-1] <= MAX_DELAY
    losses.add(now + STEADY_SECONDS + 1)
    assert losses.wait(now + STEADY_SECONDS + 1) == 0.0


@pytest.mark.parametrize(
    ("environ", "system"),
    [({"DISPLAY": ":0"}, "linux"), ({"WAYLAND_DISPLAY": "w"}, "linux"), ({}, "darwin")],
)
def test_a_login_needs_a_display(environ: dict[str, str], system: str) -> None:
    require_display(environ, system)


def test_a_login_without_a_display_says_what_to_do() -> None:
    with pytest.raises(BrowserUnusable) as caught:
        require_display({}, "linux")
    assert "desktop" in caught.value.advice
