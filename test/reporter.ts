import path from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/** What a run came to. A skip carries its reason; a failure names the test, its error is printed where it happened. */
export interface Tally {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Counts a vitest run strictly: a test skipped without a reason (`ctx.skip('why')` gives one), a test that never
 * finished, a file or suite that did not load and an error outside any test each count as one failure. Tests left out
 * by a name filter are not counted at all.
 */
export class TallyReporter implements Reporter {
  #root = '';
  #nameFilter = false;
  #passed = 0;
  readonly #failed: string[] = [];
  readonly #skipped: { name: string; reason: string }[] = [];

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
    this.#nameFilter = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    for (const module of modules) {
      if (module.errors().length > 0) this.#failed.push(`${this.#file(module)}: did not load`);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) this.#failed.push(`${this.#name(suite)}: a hook failed`);
      }
      for (const test of module.children.allTests()) this.#count(test);
    }
    for (const error of unhandledErrors) this.#failed.push(`outside any test: ${error.message}`);
  }

  /** The counts so far; complete once the run has ended. */
  tally(): Tally {
    return { passed: this.#passed, failed: [...this.#failed], skipped: [...this.#skipped] };
  }

  #count(test: TestCase): void {
    const result = test.result();
    if (result.state === 'passed') this.#passed += 1;
    else if (result.state === 'failed') this.#failed.push(this.#name(test));
    else if (result.state === 'pending') this.#failed.push(`${this.#name(test)}: did not finish`);
    else if (result.note !== undefined && result.note.trim() !== '') {
      this.#skipped.push({ name: this.#name(test), reason: result.note });
    } else if (!this.#nameFilter) {
      this.#failed.push(`${this.#name(test)}: skipped without a reason`);
    }
  }

  #file(module: TestModule): string {
    return path.relative(this.#root, module.moduleId);
  }

  #name(task: TestCase | TestSuite): string {
    return `${this.#file(task.module)} > ${task.fullName}`;
  }
}
