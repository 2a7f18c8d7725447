"""Medoc's bytes, written by hand from the public descriptions, against parser and emulator."""

import random
import struct
from typing import Any

import pytest

from experiment.clocks import VirtualClock
from hardware.emulation.medoc import EmulatedMedoc
from hardware.medoc import replies
from hardware.medoc.requests import Command, request
from hardware.sections.thermode import MedocProgram

# Status: length 22 - 4, time, GET_STATUS, in test, running, OK, 1500 ms, 47.25 C.
RUNNING = bytes.fromhex("12000000 00000065 00 02 01 0000 dc050000 7512 00 00 00")


@pytest.mark.parametrize(
    ("command", "number", "by_hand"),
    [
        (Command.GET_STATUS, None, "00000005 78563412 00"),
        (Command.SELECT_TP, 0b01000000, "00000009 78563412 01 40000000"),
        (Command.START, None, "00000005 78563412 02"),
        (Command.TRIGGER, None, "00000005 78563412 04"),
        (Command.ABORT, None, "00000005 78563412 06"),
        (Command.T_UP, 150, "00000009 78563412 0c 96000000"),
    ],
)
def test_requests(command: Command, number: int | None, by_hand: str) -> None:
    assert request(command, 0x12345678, number) == bytes.fromhex(by_hand)


@pytest.mark.parametrize(
    ("command", "number", "says"),
    [
        (Command.SELECT_TP, None, "lacks its number"),
        (Command.TRIGGER, 1, "takes no number"),
        (Command.SELECT_TP, 0, "1 to 255"),
        (Command.SELECT_TP, 256, "1 to 255"),
        (Command.T_DOWN, -1, "1 to 10000"),
    ],
)
def test_a_request_that_makes_no_sense(command: Command, number: int | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        request(command, 0.0, number)


@pytest.mark.parametrize("length", ["12000000", "00000012", "16000000", "00000016"])
def test_the_length_is_read_in_either_order(length: str) -> None:
    status = replies.status(bytes.fromhex(length) + RUNNING[4:], 0)
    assert status == replies.Status(0, 2, 1, 0, 1500, 47.25, "")
    assert not status.idle


def changed(offset: int, by_hand: str) -> bytes:
    data = bytes.fromhex(by_hand)
    return RUNNING[:offset] + data + RUNNING[offset + len(data) :]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        RUNNING[:-1],
        RUNNING + b"x",
        changed(0, "13000000"),
        changed(8, "04"),  # the answer to another command
        changed(9, "03"),
        changed(10, "04"),
        changed(17, "7117"),  # 60.01 C
        changed(17, "17fc"),  # -10.01 C
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_none(reply: bytes) -> None:
    assert replies.status(reply, 0) is None


def test_message_and_flags() -> None:
    message = b"Safety\x00\x07!"
    reply = struct.pack("<I", 18 + len(message)) + changed(11, "0360")[4:] + message
    status = replies.status(reply, 0)
    assert status is not None
    assert status.message == "Safety!"
    assert status.refusal == "wrong test state"
    assert status.alarm == "a safety warning and a safety error"
    communication = replies.status(changed(11, "0010"), 0)
    assert communication is not None
    assert (communication.refusal, communication.alarm) == (
        "",
        "an error in talking to its thermode",
    )


@pytest.mark.figures
def test_100_000_garbled_answers_give_no_crash_and_no_impossible_temperature() -> None:
    chance = random.Random(7)
    understood = 0
    for _ in range(100_000):
        kind = chance.randrange(3)
        if kind == 0:
            reply = chance.randbytes(chance.randrange(60))
        else:
            garbled = bytearray(RUNNING + b"ok"[: chance.randrange(3)])
            for _ in range(chance.randrange(1, 4)):
                garbled[chance.randrange(4 * (kind - 1), len(garbled))] = chance.randrange(256)
            cut = chance.randrange(len(garbled) + 1) if kind == 1 else len(garbled)
            reply = bytes(garbled[:cut])
        status = replies.status(reply, chance.randrange(15))
        if status is not None:
            understood += 1
            assert -10 <= status.temperature <= 60
    assert understood > 100


# --- the emulator, as another program's client finds it -----------------------------------------


class Client:
    """Sends bytes by hand, one connection after the other, half a second apart."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.medoc = EmulatedMedoc(self.clock)
        self.medoc.programs = {64: MedocProgram(temperature=46.0, plateau_s=5.0, id=64)}
        self._replies: list[bytes] = []
        self.medoc.transmit = self._replies.append

    def send(self, by_hand: str, pause_s: float = 0.5) -> bytes:
        self.medoc.receive(bytes.fromhex(by_hand))
        self.clock.wait(lambda: False, self.clock.now() + pause_s)
        return self._replies.pop() if self._replies else b""

    def state(self) -> tuple[int, int, int]:
        """System state, test state, hundredths of a degree."""
        reply = self.send("00000005 00000000 00")
        return reply[9], reply[10], int.from_bytes(reply[17:19], "little", signed=True)


@pytest.fixture
def client() -> Client:
    return Client()


SELECT, START, TRIGGER = (
    "00000009 00000000 01 40000000",
    "00000005 00000000 02",
    "00000005 00000000 04",
)


def armed(client: Client) -> None:
    client.send(SELECT)
    client.send(START, 2.5)
    assert client.state() == (2, 1, 3200)


def test_a_whole_test_by_hand(client: Client) -> None:
    assert client.state() == (0, 0, 3200)
    assert client.send(SELECT)[8:13] == bytes((1, 1, 0, 0, 0))
    assert client.state() == (1, 3, 3200)
    assert client.send(START)[8:13] == bytes((2, 2, 3, 0, 0))
    assert client.state() == (2, 3, 3200)  # the pre-test
    client.clock.wait(lambda: False, client.clock.now() + 1.5)
    assert client.state() == (2, 1, 3200)
    assert client.send(TRIGGER, 4.0)[8:13] == bytes((4, 2, 1, 0, 0))
    assert client.state() == (2, 1, 4600)
    client.clock.wait(lambda: False, client.clock.now() + 4.5)
    assert client.state() == (0, 0, 3200)
    assert client.medoc.peak == 46.0


def test_both_byte_orders_of_the_length_are_understood(client: Client) -> None:
    little = client.send("05000000 00000000 00")
    assert little == client.send("00000005 00000000 00")[:4] + little[4:]
    assert int.from_bytes(little[:4], "little") == len(little) - 4
    assert client.send("09000000 00000000 01 40000000")[11:13] == b"\0\0"


@pytest.mark.parametrize("command", range(15))
def test_every_command_is_answered(client: Client, command: int) -> None:
    number = " 40000000" if command in (1, 12, 13) else ""
    length = "00000009" if number else "00000005"
    reply = client.send(f"{length} 00000000 {command:02x}{number}")
    assert replies.status(reply, command) is not None
    assert b"emulated" in reply


@pytest.mark.parametrize(
    ("sent", "result"),
    [
        ("00000009 00000000 01 41000000", 1),  # no such program
        (START, 2),
        (TRIGGER, 2),
        ("00000005 00000000 03", 3),
        ("00000005 00000000 07", 3),
        ("00000005 00000000 0a", 2),
        ("00000005 00000000 05", 0),
        ("00000005 00000000 06", 0),
    ],
)
def test_results_while_idle(client: Client, sent: str, result: int) -> None:
    assert int.from_bytes(client.send(sent)[11:13], "little") == result


@pytest.mark.parametrize("sent", ["00000005 00000000 05", "00000005 00000000 06"])
def test_stop_and_abort_bring_it_down(client: Client, sent: str) -> None:
    armed(client)
    client.send(TRIGGER, 3.0)
    client.send(sent, 3.0)
    assert client.state() == (0, 0, 3200)


def test_commands_by_hand_move_the_temperature(client: Client) -> None:
    armed(client)
    client.send("00000005 00000000 07", 3.0)  # YES
    client.send("00000005 00000000 0e")  # KEYUP
    assert client.state() == (2, 1, 3500)
    client.send("00000009 00000000 0d 32000000", 2.0)  # T_DOWN by 0.5 C
    assert client.state() == (2, 1, 3450)
    client.send("00000005 00000000 07", 60.0)
    assert client.medoc.peak == 50.0


def test_a_pause_holds_the_test(client: Client) -> None:
    armed(client)
    client.send("00000005 00000000 03")
    assert client.state()[:2] == (2, 2)
    assert client.send(TRIGGER)[11] == 3
    client.send(START)
    assert client.state()[:2] == (2, 1)


def test_a_command_too_soon_after_another_is_answered_but_missed(client: Client) -> None:
    client.send("00000005 00000000 00", 0.05)
    reply = client.send(SELECT)
    assert reply[9:13] == b"\0\0\0\0"
    assert client.state()[:2] == (0, 0)
    assert [command for _, command in client.medoc.missed] == [1]


@pytest.mark.parametrize(
    "sent", ["00000007 00000000 00", "00000005 00000000 0f", "00000005 00000000 01", "ff" * 40]
)
def test_what_is_no_request_gets_no_answer(client: Client, sent: str) -> None:
    assert client.send(sent) == b""
    assert len(client.medoc.malformed) == 1
    assert client.state()[:2] == (0, 0)


def test_a_request_in_pieces_and_half_a_request(client: Client) -> None:
    assert client.send("00000005 0000", 0.02) == b""
    assert replies.status(client.send("0000 00"), 0) is not None
    assert client.send("00000005 0000") == b""
    assert client.state()[:2] == (0, 0)


def log_of(**changes: Any) -> list[str]:
    said: list[str] = []
    medoc = EmulatedMedoc(VirtualClock(), lambda at, kind, text: said.append(f"{kind} {text}"))
    medoc.receive(bytes.fromhex(changes["sent"]))
    return said


def test_what_it_hears_can_be_logged() -> None:
    assert log_of(sent=SELECT) == ["command 1 64"]
    assert log_of(sent="ff" * 9) == ["malformed " + " ".join(["ff"] * 9)]
