// Asks the upstreams that its environment names, in the way that its argument says, and tells what came of it as JSON.

import OpenAI from "openai";

const messages = [{ role: "user", content: "hi" }];
const options = JSON.parse(process.argv[3] ?? "{}");

function client(upstream) {
  const prefix = `FAULTLAB_${upstream}`;
  return new OpenAI({
    baseURL: process.env[`${prefix}_BASE_URL`],
    apiKey: process.env[`${prefix}_API_KEY`],
    ...options,
  });
}

async function text(asked, model) {
  const answer = await asked.chat.completions.create({ model, messages });
  return answer.choices[0].message.content;
}

// As an application does: the backup is asked when the first one has failed for good.
async function withBackup() {
  try {
    return await text(client("PRIMARY"), process.env.FAULTLAB_PRIMARY_MODEL);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return await text(client("BACKUP"), process.env.FAULTLAB_BACKUP_MODEL);
  }
}

async function pieces(asked) {
  const found = [];
  for await (const chunk of await asked.chat.completions.create({ model: "m", messages, stream: true })) {
    found.push(chunk.choices[0]?.delta?.content ?? "");
  }
  return found;
}

async function steered(asked) {
  const script = { says: ["Hello from Node"], faults: { primary: [] } };
  const post = { method: "POST", body: JSON.stringify(script) };
  const told = await (await fetch(`${process.env.FAULTLAB_CONTROL_URL}/script`, post)).json();
  return [told.answers_left.primary, await text(asked, "m")];
}

const ways = {
  chat: () => text(new OpenAI(options), "m"),
  stream: () => pieces(new OpenAI(options)),
  responses: async () => (await new OpenAI(options).responses.create({ model: "m", input: "hi" })).output_text,
  models: async () => (await new OpenAI(options).models.list()).data.map((model) => model.id),
  withBackup,
  steered: () => steered(new OpenAI(options)),
};

const began = performance.now();
let told;
try {
  told = { said: await ways[process.argv[2]]() };
} catch (error) {
  told = { error: error.constructor.name, status: error.status ?? null, code: error.code ?? null };
}
console.log(JSON.stringify({ ...told, waited_s: (performance.now() - began) / 1000 }));
