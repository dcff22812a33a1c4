// The usage plots, drawn by uPlot in the theme's chart colours. New readings go into the plots that are there.
import uPlot from 'uplot';
import { h, replaceContent } from '../shared/dom.ts';
import type { PlotView } from './messages.ts';

const colours = ['--vscode-charts-blue', '--vscode-charts-orange'] as const;
const height = 116;
/** As in style.css, `.plots`: the narrowest column and what is between two. */
const narrowest = 220, gap = 16;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

export class Plots {
  readonly #box: HTMLElement;
  readonly #plots = new Map<string, uPlot>();
  #last: { readonly times: readonly number[]; readonly plots: readonly PlotView[] } | undefined;
  #shape = '';

  constructor(box: HTMLElement) {
    this.#box = box;
    new ResizeObserver(() => { for (const plot of this.#plots.values()) plot.setSize({ width: this.#width(), height }); }).observe(box);
    // A change of theme changes the variables: draw anew in the new colours.
    new MutationObserver(() => {
      this.#shape = '';
      if (this.#last) this.draw(this.#last.times, this.#last.plots);
    }).observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  /** Says that there is nothing to draw, as long as there is not. */
  empty(text: string, label: string): void {
    this.#box.setAttribute('aria-label', label);
    if (this.#plots.size === 0) this.#box.replaceChildren(h('p', { class: 'muted' }, text));
  }

  draw(times: readonly number[], plots: readonly PlotView[]): void {
    this.#last = { times, plots };
    const shape = JSON.stringify(plots.map(plot => [plot.id, plot.title, plot.most, plot.series.map(one => one.label)]));
    if (shape !== this.#shape) {
      this.#shape = shape;
      for (const plot of this.#plots.values()) plot.destroy();
      this.#plots.clear();
      this.#box.replaceChildren();
      for (const plot of plots) {
        const box = h('figure', { class: 'plot' }, h('figcaption', { id: `plot-${plot.id}` }, plot.title));
        this.#box.append(box);
        this.#plots.set(plot.id, new uPlot(options(plot, this.#width()), data(times, plot), box));
      }
    }
    for (const plot of plots) {
      this.#plots.get(plot.id)?.setData(data(times, plot));
      const caption = document.getElementById(`plot-${plot.id}`);
      if (caption) replaceContent(caption, ...captionOf(plot));
    }
  }

  #width(): number {
    // The columns that the grid makes: style.css, `.plots`.
    const room = this.#box.clientWidth + gap;
    const columns = Math.max(1, Math.min(this.#last?.plots.length ?? 1, Math.floor(room / (narrowest + gap))));
    return Math.max(narrowest, Math.floor(room / columns) - gap);
  }
}

/** `Memory: 58 MB / 64 MB`, `Disk: ─ Read 0 B/s · ┄ Written 0 B/s`, each series with its line. */
function captionOf(plot: PlotView): readonly (HTMLElement | string)[] {
  const several = plot.series.length > 1;
  const most = plot.most === undefined ? '' : ` / ${format(plot.unit, plot.most)}`;
  return [`${plot.title}: `, ...plot.series.flatMap((one, index) => {
    const text = `${several ? `${one.label} ` : ''}${format(plot.unit, one.values.at(-1) ?? 0)}${most}`;
    return several ? [...index === 0 ? [] : [' · '], h('span', { class: `line line-${String(index)}`, 'aria-hidden': 'true' }), text] : [text];
  })];
}

/** Ticks at round sizes, which are powers of two. */
const binarySteps = Array.from({ length: 50 }, (_, power) => 2 ** power);

function data(times: readonly number[], plot: PlotView): uPlot.AlignedData {
  return [[...times], ...plot.series.map(one => [...one.values])];
}

function options(plot: PlotView, width: number): uPlot.Options {
  const style = getComputedStyle(document.body);
  const colour = (name: string, fallback: string): string => style.getPropertyValue(name).trim() || style.getPropertyValue(fallback).trim();
  // In high contrast the theme's borders are as strong as the data: then the grid is dotted, and upright lines are left out.
  const isHighContrast = document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light');
  const axis = { stroke: colour('--vscode-descriptionForeground', '--vscode-foreground'), grid: { stroke: colour('--vscode-panel-border', '--vscode-contrastBorder'), width: 1, ...isHighContrast ? { dash: [1, 4] } : {} }, ticks: { show: false }, font: `11px ${style.fontFamily}` };
  return {
    width, height, padding: [null, 36, null, null], legend: { show: false }, cursor: { show: false },
    scales: { y: { range: (_u, _min, max) => [0, plot.unit === 'percent' ? 100 : Math.max(plot.most ?? 0, max * 1.1, 1.1)] } },
    axes: [{ ...axis, ...isHighContrast ? { grid: { show: false } } : {}, size: 30, gap: 9, space: 80, values: (_u, ticks) => ticks.map(tick => clock.format(tick * 1000)) }, { ...axis, size: 64, space: 28, ...plot.unit === 'percent' ? {} : { incrs: binarySteps }, values: (_u, ticks) => ticks.map(tick => format(plot.unit, tick)) }],
    series: [{}, ...plot.series.map((one, index) => ({ label: one.label, stroke: colour(colours[index] ?? colours[0], '--vscode-foreground'), width: 1.5, spanGaps: false, ...(index === 0 ? {} : { dash: [4, 3] }), points: { show: false } }))],
  };
}

function format(unit: PlotView['unit'], value: number): string {
  if (unit === 'percent') return `${String(Math.round(value))} %`;
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let step = 0;
  while (scaled >= 1024 && step < units.length - 1) {
    scaled /= 1024;
    step++;
  }
  return `${String(scaled >= 100 ? Math.round(scaled) : Math.round(scaled * 10) / 10)} ${units[step] ?? ''}${unit === 'bytesPerSecond' ? '/s' : ''}`;
}
