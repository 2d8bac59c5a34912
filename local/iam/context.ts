import type { Access } from '../service';
import type { Values } from './conditions';
import type { Principal } from './statement';

const principalTypes = { role: 'AssumedRole', root: 'Account', anonymous: 'Anonymous', service: undefined } as const;

/** The condition keys of one call: what the emulator supplies, and what is the same for every service. */
export function contextOf(
  principal: Principal,
  access: Access,
  place: { readonly account: string; readonly region: string; readonly now: number },
): Values {
  let supplied: Map<string, readonly string[]> | undefined;
  return (key) => {
    switch (key) {
      case 'aws:principalarn':
        return principal.account === '' ? undefined : [principal.name];
      case 'aws:principalaccount':
      case 'kms:calleraccount':
        return principal.account === '' ? undefined : [principal.account];
      case 'aws:principaltype': {
        const type = principalTypes[principal.kind];
        return type === undefined ? undefined : [type];
      }
      case 'aws:principalisawsservice':
        return [String(principal.kind === 'service')];
      case 'aws:principalservicename':
        return principal.kind === 'service' ? [principal.name] : undefined;
      case 'aws:securetransport':
        // The emulators listen on loopback, which nobody can tap from outside: it stands in for the TLS of the real services.
        return ['true'];
      case 'aws:resourceaccount':
      case 's3:resourceaccount':
        return [place.account];
      case 'aws:requestedregion':
        return [place.region];
      case 'aws:sourceip':
        return ['127.0.0.1'];
      case 'aws:currenttime':
        return [new Date(place.now).toISOString()];
      case 'aws:epochtime':
        return [String(Math.floor(place.now / 1000))];
    }
    supplied ??= lowerCaseKeys(access);
    const found = supplied.get(key);
    if (key === 'aws:viaawsservice' && !found) return [String(supplied.has('kms:viaservice'))];
    return found;
  };
}

function lowerCaseKeys({ context = {} }: Access): Map<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(context)) {
    const name = key.toLowerCase();
    const values = typeof value === 'string' ? [value] : value;
    // Keys that differ in case alone are one key to IAM; with two values it is not one that a single-valued test accepts.
    keys.set(name, [...(keys.get(name) ?? []), ...values]);
  }
  return keys;
}
