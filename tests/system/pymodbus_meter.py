"""A meter as python3-pymodbus serves it: a Modbus implementation that shares no line with ours.

usage: pymodbus_meter.py sdm630|sunspec tcp PORT | rtu_over_tcp PORT | rtu DEVICE.  Prints `ready` when it serves.
"""

import asyncio
import struct
import sys

from pymodbus.datastore import (
    ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock)
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer

UNIT = 7
SERIAL = 23045678
# Input registers of the meter (32-bit floats, most significant register first).
VALUES = {
    0x0000: 120.25, 0x0002: 119.5, 0x0004: 121.75,
    0x0006: 12.5, 0x0008: 7.25, 0x000A: 3.125,
    0x0034: 2743.5, 0x0046: 59.98, 0x0048: 12345.67, 0x004A: 8.25,
}


# A SunSpec wye meter with its chain at 50000: offsets and scale factors of model 203.
SUNSPEC_BASE = 50000
SUNSPEC_POINTS = {
    3: 1250, 4: 725, 5: 313, 6: -2, 8: 12025, 9: 11950, 10: 12175, 15: -2, 16: 5998, 17: -2,
    18: 2744, 22: 0, 33: 949, 37: -1, 54: 1, 71: -0x8000, 104: -0x8000,
}
SUNSPEC_ENERGY = {38: 825, 46: 1234567}


def registers():
    inputs = [0] * 400
    for address, value in VALUES.items():
        inputs[address:address + 2] = struct.unpack(">HH", struct.pack(">f", value))
    return inputs


def sdm630():
    holding = [0] * 0xFC10
    holding[0xFC00:0xFC02] = struct.unpack(">HH", struct.pack(">I", SERIAL))
    return ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, registers()),
                              hr=ModbusSequentialDataBlock(0, holding), zero_mode=True)


def text(value, count):
    return list(struct.unpack(f">{count}H", value.encode().ljust(2 * count, b"\0")))


def sunspec():
    """Holding registers of the chain alone: whatever else is asked for gets exception 2."""
    common = [1, 66, *text("Example", 16), *text("EM-3", 16), *text("", 8), *text("1.0", 8),
              *text(str(SERIAL), 16), UNIT, 0x8000]
    model = [203, 105] + [0x8000] * 36 + [0] * 69
    for offset, value in SUNSPEC_POINTS.items():
        model[offset] = value & 0xFFFF
    for offset, value in SUNSPEC_ENERGY.items():
        model[offset:offset + 2] = struct.unpack(">HH", struct.pack(">I", value))
    chain = [0x5375, 0x6E53, *common, 12, 3, 0, 0, 0, *model, 0xFFFF, 0]
    holding = dict(enumerate(chain, SUNSPEC_BASE))
    return ModbusSlaveContext(hr=ModbusSparseDataBlock(holding), zero_mode=True)


async def serve(meter, kind, where):
    slave = {"sdm630": sdm630, "sunspec": sunspec}[meter]()
    context = ModbusServerContext(slaves={UNIT: slave}, single=False)
    if kind == "tcp":
        server = StartAsyncTcpServer(context, address=("127.0.0.1", int(where)))
    elif kind == "rtu_over_tcp":
        server = StartAsyncTcpServer(context, framer=ModbusRtuFramer,
                                     address=("127.0.0.1", int(where)))
    else:
        server = StartAsyncSerialServer(context, framer=ModbusRtuFramer, port=where,
                                        baudrate=9600, parity="N", stopbits=1)
    print("ready", flush=True)
    await server


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:4]))
