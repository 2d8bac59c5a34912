import type { SignalRule } from './rule';

/** Weak by itself: people travel, and providers change addresses. */
export const newNetwork: SignalRule = {
  id: 'new-network',
  severity: 'low',
  reason: 'It came from a network that the person had not used before.',
  sees: 'access',
  applies: ({ observation, history }) => {
    const { networks } = history();
    const { network } = observation;
    return network !== null && Object.keys(networks).length > 0 && !Object.hasOwn(networks, network);
  },
};
