const Sequencer = require('@jest/test-sequencer').default;

const last = /[/\\]test[/\\]e2e[/\\]least-privilege\.test\.ts$/;

/** The test of what the end-to-end suite used is the last one, and is told which files it waits for. */
module.exports = class LastOfAll extends Sequencer {
  sort(tests) {
    const sorted = [...super.sort(tests)];
    const endToEnd = sorted.map(({ path }) => path).filter((path) => /[/\\]test[/\\]e2e[/\\]/.test(path));
    process.env.WARD_E2E_FILES = JSON.stringify(endToEnd.filter((path) => !last.test(path)));
    return [...sorted.filter(({ path }) => !last.test(path)), ...sorted.filter(({ path }) => last.test(path))];
  }
};
