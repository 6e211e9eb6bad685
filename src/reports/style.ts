/** The look of a report, on a screen and on paper. Its digest stands in the page's policy, so nothing else can style it. */

/** CSS without a reference to anything outside. */
export const pageStyle = `
:root { color-scheme: light; }
body { margin: 0; color: #111; background: #fff; font: 1rem/1.5 "Fira Sans", "Liberation Sans", Arial, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; }
h1, h2 { hyphens: auto; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin-top: 2rem; break-after: avoid; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .25rem 1rem; border: 1px solid #555; padding: .75rem; }
dt { font-weight: bold; }
dd { margin: 0; overflow-wrap: anywhere; }
p { max-width: 46rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 1.5rem; font-size: .875rem; }
caption { text-align: left; font-weight: bold; padding: .25rem 0; }
th, td { border: 1px solid #767676; padding: .25rem .4rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; min-width: 4rem; }
thead th { background: #eee; overflow-wrap: normal; hyphens: auto; }
tbody th { font-weight: normal; }
.entries { color: #444; font-size: .8em; }
mark { background: #fff3b0; color: #111; border: 1px dashed #555; padding: 0 .2em; }
.sources { font-size: .875rem; }
@media (max-width: 40rem) { dl { display: block; } dd { margin: 0 0 .5rem; } }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  .wide { overflow: visible; }
  th, td { min-width: 0; }
  thead th { overflow-wrap: anywhere; }
  table { font-size: 7.5pt; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  mark { background: none; }
}
`;
