// Checks the dashboards of deploy/monitoring/dashboards against Grafana's own types: each whole
// as a Dashboard, the options of each panel as those of its kind, and how lines are
// drawn. What a type does not know is a mistake, too. What is wrong is told by the
// compiler, with the line in the file that is made from the dashboard.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const [source = join(here, "../../deploy/monitoring/dashboards"), modules = join(here, "node_modules")] = process.argv.slice(2);

const prelude = `import type * as ui from "@grafana/schema";
import type { Options as table, FieldConfig as tableFields } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Options as stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { Options as bargauge } from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type { Options as timeseries, FieldConfig as timeseriesFields } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
type statFields = Record<string, never>;
type bargaugeFields = Record<string, never>;
// An enumeration's values as JSON has them.
type Values<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Values<T[K]> } : T;
`;

const directory = mkdtempSync(join(here, "types-"));
try {
  symlinkSync(modules, join(directory, "node_modules"));
  const files = readdirSync(source).filter((name) => name.endsWith(".json"));
  if (files.length === 0) throw new Error(`no dashboards in ${source}`);
  for (const name of files) {
    const dashboard = JSON.parse(readFileSync(join(source, name), "utf8"));
    let text = prelude + `export const dashboard: Values<ui.Dashboard> = ${JSON.stringify(dashboard, null, 2)};\n`;
    for (const { id, type, options, fieldConfig } of dashboard.panels) {
      if (type === "row") continue;
      text += `export const options${id}: Values<${type}> = ${JSON.stringify(options, null, 2)};\n`;
      text += `export const fields${id}: Values<Partial<${type}Fields>> = ${JSON.stringify(fieldConfig.defaults.custom ?? {})};\n`;
    }
    writeFileSync(join(directory, name.replace(".json", ".ts")), text);
  }
  const compiler = join(modules, "typescript/bin/tsc");
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  execFileSync(process.execPath, [compiler, ...flags, ...files.map((name) => join(directory, name.replace(".json", ".ts")))], { stdio: "inherit" });
  console.log(`${files.length} dashboards have the form that Grafana's types give them`);
} catch (error) {
  if (!error.status) console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
