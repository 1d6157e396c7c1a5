// smartcrop.js for `bin/bench files --throughput`: look once, three files, two at a time.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(process.argv[2] + "/");
const smartcrop = require("smartcrop-sharp");
const sharp = require("sharp");
sharp.concurrency(1);
sharp.cache(false);

// as peak.py: Linux hands the parent's maxRSS on to what it starts
function peak() {
  const status = "/proc/self/status";
  if (!existsSync(status)) return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8"))[1]) / 1024;
}

const work = JSON.parse(readFileSync(0, "utf8"));

async function make(file) {
  const [width, height] = work.targets[0];
  const { topCrop: c } = await smartcrop.crop(file, { width, height });
  const area = { left: c.x, top: c.y, width: c.width, height: c.height };
  for (const [wide, tall] of work.targets) {
    await sharp(file)
      .extract(area)
      .resize(wide, tall)
      .jpeg({ quality: 92, chromaSubsampling: "4:4:4", progressive: true, optimizeCoding: true })
      .toBuffer();
  }
}

async function all(files) {
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await make(file);
  };
  await Promise.all([worker(), worker()]);
}

await all(work.files.slice(0, 4));
const cpu = process.cpuUsage();
const begun = performance.now();
await all(work.files);
const wall_s = (performance.now() - begun) / 1e3;
const used = process.cpuUsage(cpu);
process.stdout.write(
  JSON.stringify({
    per_s: work.files.length / wall_s,
    wall_s,
    cpu_s: (used.user + used.system) / 1e6,
    peak_mb: peak(),
  }),
);
