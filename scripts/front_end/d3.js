// What the page uses of D3.
export { extent, max, ticks } from "d3-array";
export { contours } from "d3-contour";
export { scaleLinear, scaleLog } from "d3-scale";
export { select } from "d3-selection";
export { area, line } from "d3-shape";
