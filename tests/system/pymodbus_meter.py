"""An SDM630 as python3-pymodbus serves it: a Modbus implementation that shares no line with ours.

usage: pymodbus_meter.py tcp PORT | rtu DEVICE.  Prints `ready` when it serves.
"""

import asyncio
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
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


def registers():
    inputs = [0] * 400
    for address, value in VALUES.items():
        inputs[address:address + 2] = struct.unpack(">HH", struct.pack(">f", value))
    return inputs


def context():
    holding = [0] * 0xFC10
    holding[0xFC00:0xFC02] = struct.unpack(">HH", struct.pack(">I", SERIAL))
    slave = ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, registers()),
                               hr=ModbusSequentialDataBlock(0, holding), zero_mode=True)
    return ModbusServerContext(slaves={UNIT: slave}, single=False)


async def serve(kind, where):
    if kind == "tcp":
        server = StartAsyncTcpServer(context(), address=("127.0.0.1", int(where)))
    else:
        server = StartAsyncSerialServer(context(), framer=ModbusRtuFramer, port=where,
                                        baudrate=9600, parity="N", stopbits=1)
    print("ready", flush=True)
    await server


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
