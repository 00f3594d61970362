// Polls by npm modbus-serial: its README's loop over several meters, without the pause between two of them,
// and what it reads goes to a broker. Argument: a JSON file {modules, port, broker_port, timeout_ms, units, reads}.
const { createRequire } = require("module");
const fs = require("fs");

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const load = createRequire(job.modules);
const ModbusRTU = load("modbus-serial");
const broker = load("mqtt").connect(`mqtt://127.0.0.1:${job.broker_port}`);
const client = new ModbusRTU();

async function readAll() {
    for (const unit of job.units) {
        client.setID(unit);
        for (const [address, count] of job.reads) {
            try {
                const reply = await client.readHoldingRegisters(address, count);
                broker.publish(`modbus-serial/${unit}/${address}`, JSON.stringify(reply.data), { qos: 1 });
            } catch (error) {
                if (error.errno !== "ETIMEDOUT") {
                    console.error(unit, address, error.message);
                }
            }
        }
    }
}

async function main() {
    await client.connectRTUBuffered(job.port, { baudRate: job.baud, parity: "none" });
    client.setTimeout(job.timeout_ms);
    for (;;) {
        await readAll();
    }
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
