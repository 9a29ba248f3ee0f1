"""Folders as dqlite leaves them: snapshots and segments of raft's log, made of states of a database of SQLite's."""
import os
import struct

PAGE = 4096
NAME = b"k8s"


def crc(data, table=[]):
    """CRC-32 of the polynomial 04C11DB7, highest bit first, from 0."""
    if not table:
        for i in range(256):
            value = i << 24
            for _ in range(8):
                value = value << 1 & 0xffffffff ^ (0x04C11DB7 if value >> 31 else 0)
            table.append(value)
    found = 0
    for byte in data:
        found = found << 8 & 0xffffffff ^ table[found >> 24 ^ byte]
    return found


def word(name):
    return name + b"\0" * (8 - len(name) % 8)


def frames(before, after, name=NAME):
    """The command that makes one state of a database the next one."""
    changed = [i for i in range(len(after) // PAGE) if before[i * PAGE:(i + 1) * PAGE] != after[i * PAGE:(i + 1) * PAGE]]
    head = struct.pack("<BBHI", 1, 2, 0, 0) + word(name) + struct.pack("<QIBBH", 1, 0, 1, 0, 0) + struct.pack("<IHH", len(changed), PAGE, 0)
    return head + b"".join(struct.pack("<Q", i + 1) for i in changed) + b"".join(after[i * PAGE:(i + 1) * PAGE] for i in changed)


def batch(entries):
    """Of (kind, data): 1 a command, 2 a barrier, 3 a change of members."""
    entries = [(kind, data + b"\0" * (-len(data) % 8)) for kind, data in entries]
    head = struct.pack("<Q", len(entries)) + b"".join(struct.pack("<QBBHI", 1, kind, 0, 0, len(data)) for kind, data in entries)
    data = b"".join(data for _, data in entries)
    return struct.pack("<II", crc(head), crc(data)) + head + data


def segment(folder, name, batches, room=0):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(struct.pack("<Q", 1) + b"".join(batches) + b"\0" * room)


def lengthy(number):
    """What of a length does not fit into four bits."""
    out = b""
    if number >= 15:
        number -= 15
        while number >= 255:
            out += b"\xff"
            number -= 255
        out += bytes([number])
    return out


def lz4_block(data, window, seen):
    """Greedy, of matches on eight bytes; `window` is what came before and may be referred to."""
    whole, at, literal, out = window + data, len(window), len(window), b""
    while at < len(whole) - 12:
        found = seen.get(whole[at:at + 8])
        seen[whole[at:at + 8]] = at
        if found is None or at - found > 65535 or found >= at:
            at += 1
            continue
        length = 8
        while at + length < len(whole) - 5 and whole[found + length] == whole[at + length]:
            length += 1
        literals = whole[literal:at]
        out += bytes([min(len(literals), 15) << 4 | min(length - 4, 15)]) + lengthy(len(literals)) + literals
        out += struct.pack("<H", at - found) + lengthy(length - 4)
        at += length
        literal = at
    literals = whole[literal:]
    return out + bytes([min(len(literals), 15) << 4]) + lengthy(len(literals)) + literals


def lz4(data, size=65536):
    """A frame of blocks that depend on each other, one of them stored as it is, with all its optional parts."""
    out = struct.pack("<IBBQB", 0x184D2204, 0x40 | 0x10 | 0x08 | 0x04, 0x40, len(data), 0)
    for at in range(0, len(data), size):
        part, window = data[at:at + size], data[max(0, at - 65536):at]
        packed = lz4_block(part, window, {})
        is_stored = at == size or len(packed) >= len(part)
        packed = part if is_stored else packed
        out += struct.pack("<I", len(packed) | (0x80000000 if is_stored else 0)) + packed + b"sum!"
    return out + struct.pack("<I", 0) + b"sum!"


def snapshot(folder, index, state, log=b"", packs=True, name=NAME):
    data = struct.pack("<QQ", 1, 2) + word(b"other") + struct.pack("<QQ", PAGE, 0) + b"x" * PAGE
    data += word(name) + struct.pack("<QQ", len(state), len(log)) + state + log
    path = os.path.join(folder, "snapshot-1-%d-12345" % index)
    with open(path, "wb") as file:
        file.write(lz4(data) if packs else data)
    with open(path + ".meta", "wb") as file:
        file.write(struct.pack("<QQQQ", 1, 0, 1, 8) + b"members!")


def wal(before, after):
    """SQLite's own log of the pages that differ; its checksums are not ours to check."""
    changed = [i for i in range(len(after) // PAGE) if before[i * PAGE:(i + 1) * PAGE] != after[i * PAGE:(i + 1) * PAGE]]
    head = struct.pack(">IIIIIIII", 0x377f0682, 3007000, PAGE, 0, 1, 2, 0, 0)
    return head + b"".join(struct.pack(">IIIIII", i + 1, len(after) // PAGE, 1, 2, 0, 0) + after[i * PAGE:(i + 1) * PAGE] for i in changed)


def begin(folder):
    os.makedirs(folder)
    for name in ("metadata1", "metadata2"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(struct.pack("<QQQQ", 1, 1, 1, 1))
    return folder
