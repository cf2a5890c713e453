"""Doctor says of deliveries what is wrong and what to type."""

import socket
import threading
from pathlib import Path

import pytest

from kaipiao.app.settings import Settings
from kaipiao.cli.examine_delivery import look_at_deliveries, look_at_relay
from kaipiao.delivery.sending.secret import open_delivery_key


def settings(folder: Path, **changes: object) -> Settings:
    return Settings(data=str(folder), **changes)  # type: ignore[arg-type]


def test_without_a_relay_nothing_is_wrong(tmp_path: Path) -> None:
    assert look_at_relay(settings(tmp_path)).level == "ok"


@pytest.mark.parametrize(
    ("greeting", "level"), [(b"220 hello\r\n", "ok"), (b"554 no\r\n", "warning")]
)
def test_a_relay_is_asked_for_its_greeting(tmp_path: Path, greeting: bytes, level: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        port = server.getsockname()[1]
        found = look_at_relay(
            settings(tmp_path, mail_host="127.0.0.1", mail_port=port, mail_from="a@b.example")
        )
        thread.join()

    assert found.level == level
    assert f"127.0.0.1:{port}" in found.en


def test_a_relay_that_is_not_there_is_a_warning_with_what_to_look_at(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = look_at_relay(
        settings(tmp_path, mail_host="127.0.0.1", mail_port=port, mail_from="a@b.example")
    )

    assert found.level == "warning"
    assert "mail_port" in found.advice_en


def test_half_a_setting_is_an_error(tmp_path: Path) -> None:
    assert look_at_relay(settings(tmp_path, mail_host="m.example")).level == "error"
    assert look_at_relay(settings(tmp_path, webhook_networks="10.0.0.0/99")).level == "error"


def test_a_key_that_others_can_read_is_an_error_with_what_to_type(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    open_delivery_key(secrets)
    assert look_at_deliveries(settings(tmp_path)).level == "ok"

    (secrets / "delivery.key").chmod(0o644)
    found = look_at_deliveries(settings(tmp_path))
    assert found.level == "error"
    assert "chmod 600" in found.advice_en


def test_where_nothing_sends_one_is_reminded_that_something_must(tmp_path: Path) -> None:
    found = look_at_deliveries(settings(tmp_path, deliverers=0))

    assert (found.level, "kaipiao deliver run" in found.advice_en) == ("warning", True)
