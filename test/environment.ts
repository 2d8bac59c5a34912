// What the SDK needs to know in tests that call a handler or an emulator in process.
Object.assign(process.env, {
  TZ: 'UTC',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
});

// jsbn, under the SRP client, takes a global `navigator` (Node 21 and later) for an old browser and computes in its slowest way.
Object.defineProperty(globalThis, 'navigator', { value: undefined, configurable: true });
