"""Who polls the simulated line: the gateway and its peers, each as its documentation has it for the job.

A master is started with a `Job` and ended by its pid; all of them send what they read to the same broker.
"""

import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass, field

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "building"))
import peers  # noqa: E402
import wire_record  # noqa: E402

LINE = "line"
TURNAROUND_S = 0.005
PEER_TIMEOUT_MS = 200  # kinder than the 500 to 1000 ms of their documentation
OUR_PERIOD_MS = 200  # the shortest that settings allow


@dataclass(frozen=True)
class Job:
    """Which registers of which units are read. `values`: (address, registers) of each single value."""

    units: range
    values: list
    # For the gateway: its profile, and the points (slots) that are wanted.
    profile: str = "bench-240"
    slots: list = field(default_factory=lambda: list(range(1, 25)))
    period_ms: int = OUR_PERIOD_MS
    # For peers: what they ask for at once.
    reads: list = field(default_factory=list)

    @property
    def wanted(self):
        return {address + i for address, count in self.values for i in range(count)}

    @property
    def round_ms(self):
        """What reading all units once takes at least."""
        characters = sum(13 + 2 * count + 3.5 for _, count in self.reads)
        once_s = characters * 11 / wire_record.BAUD + TURNAROUND_S * len(self.reads)
        return max(1, int(once_s * 1000 * len(self.units)))


class Master:
    name = ""
    reads_by = "blocks"

    def __init__(self, folder, tools):
        """`tools`: where the programs of this bench are, a dictionary."""
        self.folder = folder
        self.tools = tools
        self.process = None

    def absent(self):
        """Why it cannot be measured on this machine; None if it can."""
        return None

    def start(self, job, broker_port):
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.child.pid

    def stop(self):
        if self.process.alive():
            self.process.stop(signal.SIGKILL)

    def port(self):
        return os.path.join(self.folder, LINE)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, *command):
        with open(os.path.join(self.folder, self.name + ".out"), "a", encoding="utf-8") as out:
            self.process = peers.Process(self.name, list(command), self.folder, stdout=out)


class Metergate(Master):
    """`metergate run` with its store and one MQTT destination."""

    name = "metergate"

    def start(self, job, broker_port):
        path = os.path.join(self.folder, "settings.json")
        with open(path, encoding="utf-8") as file:
            settings = json.load(file)
        for panel in settings["lines"][0]["panels"]:
            panel["profile"] = job.profile
            panel["poll_period_ms"] = job.period_ms
            panel["points"] = [point for point in panel["points"] if point["slot"] in job.slots]
        self.write("settings.json", json.dumps(settings))
        self.run(self.tools["metergate"], "--root", self.folder, "run")


class Collectd(Master):
    """collectd: its modbus plugin knows single values only; as often as it can."""

    name = "collectd"
    reads_by = "single values"

    def absent(self):
        program = os.path.join(self.tools["peers"], "collectd/usr/sbin/collectd")
        return None if os.path.exists(program) else "collectd-core could not be unpacked"

    def start(self, job, broker_port):
        root = os.path.join(self.tools["peers"], "collectd")
        types = {1: "Uint16", 2: "Int32", 4: "Uint64"}
        data = "".join(f'<Data "r{address}">\nRegisterBase {address}\nRegisterType {types[count]}\n'
                       f'RegisterCmd ReadHolding\nType gauge\nInstance "r{address}"\n</Data>\n'
                       for address, count in job.values)
        collect = "".join(f'Collect "r{address}"\n' for address, _ in job.values)
        slaves = "".join(f'<Slave {unit}>\nInstance "p{unit}"\n{collect}</Slave>\n' for unit in job.units)
        conf = self.write("collectd.conf", (
            f'BaseDir "{self.folder}"\nPIDFile "{self.folder}/collectd.pid"\nInterval 1\n'
            f'PluginDir "{root}/usr/lib/collectd"\nTypesDB "{root}/usr/share/collectd/types.db"\n'
            'LoadPlugin modbus\nLoadPlugin mqtt\n'
            f'<Plugin mqtt>\n<Publish "bench">\nHost "127.0.0.1"\nPort "{broker_port}"\nQoS 1\n'
            '</Publish>\n</Plugin>\n'
            f'<Plugin modbus>\n{data}<Host "{LINE}">\nDevice "{self.port()}"\n'
            f'Baudrate {wire_record.BAUD}\nInterval 1\n{slaves}</Host>\n</Plugin>\n'))
        self.run(os.path.join(root, "usr/sbin/collectd"), "-f", "-C", conf)


class NodeMaster(Master):
    def absent(self):
        if shutil.which("node") is None:
            return "there is no Node.js"
        modules = os.path.join(self.tools["peers"], "node_modules", self.package)
        return None if os.path.isdir(modules) else f"npm package {self.package} could not be installed"

    package = ""


class ModbusSerial(NodeMaster):
    """npm modbus-serial: one read after the other, without a pause."""

    name = "modbus-serial"
    package = "modbus-serial"

    def start(self, job, broker_port):
        path = self.write("modbus-serial.json", json.dumps({
            "modules": os.path.join(self.tools["peers"], "package.json"), "port": self.port(),
            "baud": wire_record.BAUD, "broker_port": broker_port, "timeout_ms": PEER_TIMEOUT_MS,
            "units": list(job.units), "reads": job.reads}))
        self.run("node", os.path.join(self.tools["source"], "peers", "modbus_serial_poll.js"), path)


class NodeRed(NodeMaster):
    """Node-RED with node-red-contrib-modbus: a read node for each block, as often as the wire allows.

    The settings are its defaults but for the timeout and what a serial line needs: units one after the other,
    and no new connection because one of them is silent.
    """

    name = "node-red"
    package = "node-red-contrib-modbus"

    def start(self, job, broker_port):
        modules = os.path.join(self.tools["peers"], "node_modules")
        user = os.path.join(self.folder, "node-red")
        os.mkdir(user)
        os.symlink(modules, os.path.join(user, "node_modules"))
        shutil.copy(os.path.join(self.tools["peers"], "package.json"), user)
        self.write("node-red/settings.js", (
            f"module.exports = {{uiHost: '127.0.0.1', uiPort: {peers.free_port()},"
            " flowFile: 'flows.json', credentialSecret: false,"
            " externalModules: {autoInstall: false, palette: {allowInstall: false}}};\n"))
        self.write("node-red/flows.json", json.dumps(self.flows(job, broker_port)))
        self.run("node", os.path.join(modules, "node-red", "red.js"), "--userDir", user,
                 "--settings", os.path.join(user, "settings.js"))

    def flows(self, job, broker_port):
        line = {"id": "client", "type": "modbus-client", "name": LINE, "clienttype": "simpleser",
                "bufferCommands": True, "stateLogEnabled": False, "queueLogEnabled": False,
                "failureLogEnabled": False, "tcpHost": "127.0.0.1", "tcpPort": "502",
                "tcpType": "DEFAULT", "serialPort": self.port(), "serialType": "RTU-BUFFERD",
                "serialBaudrate": str(wire_record.BAUD), "serialDatabits": "8", "serialStopbits": "1",
                "serialParity": "none", "serialConnectionDelay": "100",
                "serialAsciiResponseStartDelimiter": "0x3A", "unit_id": "1", "commandDelay": "1",
                "clientTimeout": str(PEER_TIMEOUT_MS), "reconnectOnTimeout": False,
                "reconnectTimeout": "2000", "parallelUnitIdsAllowed": False}
        broker = {"id": "broker", "type": "mqtt-broker", "name": "", "broker": "127.0.0.1",
                  "port": str(broker_port), "clientid": "", "autoConnect": True, "usetls": False,
                  "protocolVersion": "4", "keepalive": "60", "cleansession": True}
        out = {"id": "out", "type": "mqtt out", "z": "tab", "name": "", "topic": "", "qos": "1",
               "retain": "", "broker": "broker", "x": 600, "y": 100, "wires": []}
        reads = [{"id": f"r{unit}-{address}", "type": "modbus-read", "z": "tab",
                  "name": "", "topic": f"node-red/{unit}/{address}", "showStatusActivities": False,
                  "logIOActivities": False, "showErrors": False, "unitid": str(unit),
                  "dataType": "HoldingRegister", "adr": str(address), "quantity": str(count),
                  "rate": str(job.round_ms), "rateUnit": "ms", "delayOnStart": False,
                  "startDelayTime": "", "server": "client", "useIOFile": False, "ioFile": "",
                  "useIOForPayload": False, "emptyMsgOnFail": False, "x": 200, "y": 100,
                  "wires": [["out"], []]}
                 for unit in job.units for address, count in job.reads]
        return [{"id": "tab", "type": "tab", "label": LINE, "disabled": False, "info": ""},
                line, broker, out, *reads]


PEERS = [Collectd, ModbusSerial, NodeRed]
