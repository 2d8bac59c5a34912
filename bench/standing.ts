/** Resources of a template, as far as what is paid by the month is concerned. */
export type Resources = Readonly<
  Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
>;

/** What stands in the templates and is paid for by the month, used or not. */
export interface Standing {
  readonly keys: number;
  readonly alarms: number;
  readonly dashboards: number;
  /** interface endpoints, each counted once for every subnet that it is in */
  readonly endpointPlaces: number;
  readonly webAcls: number;
  readonly webAclRules: number;
}

export function standingOf(templates: readonly Resources[]): Standing {
  const all = templates.flatMap((resources) => Object.values(resources));
  const sum = (type: string, amount: (properties: Readonly<Record<string, unknown>>) => number = () => 1) =>
    all.filter(({ Type }) => Type === type).reduce((total, { Properties = {} }) => total + amount(Properties), 0);
  return {
    keys: sum('AWS::KMS::Key') + sum('AWS::KMS::ReplicaKey'),
    alarms: sum('AWS::CloudWatch::Alarm'),
    dashboards: sum('AWS::CloudWatch::Dashboard'),
    endpointPlaces: sum('AWS::EC2::VPCEndpoint', (each) =>
      each['VpcEndpointType'] === 'Interface' ? size(each['SubnetIds']) : 0,
    ),
    webAcls: sum('AWS::WAFv2::WebACL'),
    webAclRules: sum('AWS::WAFv2::WebACL', ({ Rules }) => size(Rules)),
  };
}

/** As docs/cost.md has them, in the order of its table. */
export const standingNames = (standing: Standing): readonly string[] => [
  `${standing.keys} keys`,
  `${standing.alarms} alarms`,
  `${standing.dashboards} dashboards`,
  `interface endpoints, ${standing.endpointPlaces} in all Availability Zones`,
  `${standing.webAcls} web ACL with ${standing.webAclRules} rules`,
];

const size = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
