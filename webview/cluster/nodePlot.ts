// The load of a node over time: two lines in the theme's chart colours, the second dotted, so that they differ without colour too.
import { h } from '../shared/dom.ts';
import type { NodePlotView } from './messages.ts';

const width = 240, height = 44;
const svgNamespace = 'http://www.w3.org/2000/svg';

export function nodePlot(plot: NodePlotView): HTMLElement {
  const svg = draw('svg', { viewBox: `0 0 ${String(width)} ${String(height)}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': plot.text });
  svg.append(draw('line', { class: 'ground', x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }));
  for (const [index, one] of plot.series.entries()) for (const points of runs(one.values)) svg.append(draw('polyline', { class: `line line-${String(index)}`, points }));
  return h('figure', { class: 'node-plot' }, svg as unknown as Node, h('figcaption', { class: 'muted' }, ...plot.series.flatMap((one, index) => [index === 0 ? '' : ' · ', h('span', { class: `key line-${String(index)}`, 'aria-hidden': 'true' }), one.label])));
}

/** Points of each stretch without a gap. */
function runs(values: readonly (number | null)[]): readonly string[] {
  const found: string[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === null) found.push([]);
    else found.at(-1)?.push(`${((index / Math.max(1, values.length - 1)) * width).toFixed(1)},${(height - 1.5 - Math.min(1, value) * (height - 3)).toFixed(1)}`);
  }
  return found.filter(points => points.length > 1).map(points => points.join(' '));
}

function draw(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
