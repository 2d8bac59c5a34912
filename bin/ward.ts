import { ApiError } from './api-client';
import { wardProgram } from './program';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
// Whoever reads the output has seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

wardProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
    if (error instanceof ApiError) {
      process.stderr.write(`  ${error.status} ${error.type}\n`);
      for (const { field, message } of error.errors) process.stderr.write(`  ${field}: ${message}\n`);
    }
    process.exitCode = 1;
  });
