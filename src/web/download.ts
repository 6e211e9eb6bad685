/** Saving a file that exists in the browser only. */

/** Offers `content` under `name`. */
export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken its own reference once the click is handled.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
