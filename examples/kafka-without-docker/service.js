// A service under test: it confirms orders. It knows Kafka, and nothing of test-probe.
const { Kafka } = require("kafkajs");

const kafka = new Kafka({ brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(",") });
const consumer = kafka.consumer({ groupId: "billing" });
const producer = kafka.producer();

async function main() {
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: ["orders"], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const headers = { ...message.headers, ce_type: "OrderConfirmed" };
      await producer.send({ topic: "confirmations", messages: [{ value: message.value, headers }] });
    },
  });
}

main();
