"""A client as python3-pymodbus has it: a Modbus implementation that shares no line with ours.

usage: pymodbus_client.py PORT UNIT...  Prints holding register 0 of each unit as a JSON list; an
exception as its number.
"""

import json
import sys

from pymodbus.client import ModbusTcpClient
from pymodbus.pdu import ExceptionResponse


def read(client, unit):
    """Asks again while the gateway is busy: the line has metering to do first."""
    busy = 6
    while True:
        answer = client.read_holding_registers(0, 1, slave=unit)
        if not isinstance(answer, ExceptionResponse):
            return answer.registers[0]
        if answer.exception_code != busy:
            return f"exception {answer.exception_code}"


if __name__ == "__main__":
    connection = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]), timeout=15)
    connection.connect()
    print(json.dumps([read(connection, int(unit)) for unit in sys.argv[2:]]))
    connection.close()
