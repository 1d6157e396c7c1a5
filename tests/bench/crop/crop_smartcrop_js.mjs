// smartcrop.js with sharp, as its package smartcrop-sharp joins them; same protocol as one_method.py.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(process.argv[2] + "/");
const smartcrop = require("smartcrop-sharp");

// as peak.py: Linux hands the parent's maxRSS on to what it starts
function peak() {
  const status = "/proc/self/status";
  if (!existsSync(status)) return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8"))[1]) / 1024;
}

const work = JSON.parse(readFileSync(0, "utf8"));

async function boxes(picture) {
  const found = {};
  for (const [name, [width, height]] of Object.entries(work.targets)) {
    const { topCrop: c } = await smartcrop.crop(picture.file, { width, height });
    found[name] = [c.x, c.y, c.x + c.width, c.y + c.height].map(Math.round);
  }
  return found;
}

await boxes(work.pictures[0]);
const answers = [];
for (const picture of work.pictures) {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  const found = await boxes(picture);
  const used = process.cpuUsage(cpu);
  answers.push({
    name: picture.name,
    boxes: found,
    cpu_s: (used.user + used.system) / 1e6,
    wall_s: (performance.now() - wall) / 1e3,
  });
}
process.stdout.write(JSON.stringify({ answers, peak_mb: peak() }));
