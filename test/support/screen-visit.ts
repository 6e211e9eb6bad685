/** Does on a screen what a page says, sentence by sentence. */
import type { Page } from 'playwright-core';
import type { ScreenStep } from './tour-page.ts';

/** What stands for what in the page: files below a folder, another port. */
export interface Surroundings {
  readonly origin: string;
  readonly file: (path: string) => string;
}

/** Does one step; what it names must be there, once. */
export async function doStep(page: Page, step: ScreenStep, { origin, file }: Surroundings): Promise<void> {
  switch (step.act) {
    case 'open': {
      const { pathname, hash } = new URL(step.url);
      await page.goto(`${origin}${pathname}${hash}`);
      return;
    }
    case 'choose':
      return page.getByLabel(step.label, { exact: true }).setInputFiles(file(step.file));
    case 'pick':
      await page.getByLabel(step.label, { exact: true }).selectOption({ label: step.option });
      return;
    case 'click':
      return pressable(page, step.name).click();
    case 'save': {
      const [download] = await Promise.all([page.waitForEvent('download'), pressable(page, step.name).click()]);
      return download.saveAs(file(step.file));
    }
    case 'read':
      // Letter for letter: “Genuine” must not be found in “Not genuine”.
      return page
        .getByText(new RegExp(step.text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
        .first()
        .waitFor();
  }
}

function pressable(page: Page, name: string) {
  return page.getByRole('button', { name, exact: true }).or(page.getByRole('link', { name, exact: true }));
}
