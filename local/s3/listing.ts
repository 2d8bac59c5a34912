import { type S3Context, type S3Operations, xmlReply } from './context';
import { failure } from './failure';
import { requireOnly, type S3Request } from './request';
import type { SortedKeys } from './sorted-keys';
import type { BucketStore, Version } from './store';
import type { Xml } from './xml';

const MAXIMUM_PAGE = 1000;
const LIST_PARAMETERS = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];

interface Query {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maximum: number;
  /** names as the client asked for them: plain, or as in a URL where XML could not carry them */
  readonly encode: (name: string) => string;
}

/** Where a page begins: behind this key, or behind every key with this prefix. */
interface Position {
  readonly key?: string;
  readonly commonPrefix?: string;
}

export function listOperations({ store, permissions }: S3Context): S3Operations {
  return {
    'GET service': (request) => {
      requireOnly(request, []);
      permissions.requireService(request, 'ListAllMyBuckets');
      const buckets = store.list().map(({ name, createdAt }): Xml => {
        return [
          'Bucket',
          [
            ['Name', name],
            ['CreationDate', new Date(createdAt).toISOString()],
          ],
        ];
      });
      return xmlReply('ListAllMyBucketsResult', [['Buckets', buckets]]);
    },

    'HEAD bucket': (request) => {
      requireOnly(request, []);
      permissions.requireBucket(request, 'ListBucket');
      store.bucket(request.bucket);
      return { status: 200 };
    },

    'GET bucket?versioning': (request) => {
      requireOnly(request, ['versioning']);
      permissions.requireBucket(request, 'GetBucketVersioning');
      const { versioning } = store.bucket(request.bucket).settings;
      return xmlReply('VersioningConfiguration', [versioning ? ['Status', versioning] : undefined]);
    },

    'GET bucket': (request) => {
      if (request.query.get('list-type') !== '2') throw failure('NotImplemented', 'ListObjects is not emulated');
      const names = ['list-type', 'continuation-token', 'start-after', 'fetch-owner', ...LIST_PARAMETERS];
      requireOnly(request, names);
      const query = readQuery(request);
      permissions.requireBucket(request, 'ListBucket', listConditions(request));
      const bucket = store.bucket(request.bucket);
      const token = request.query.get('continuation-token');
      const start = token === undefined ? { key: request.query.get('start-after') } : readToken(token);
      const page = takePage(query, start, currentObjects(bucket, query, start));
      const contents = page.rows.map(({ version }) => objectXml('Contents', version, query, []));
      return xmlReply('ListBucketResult', [
        ...echoed(request, query),
        ['KeyCount', contents.length + page.commonPrefixes.length],
        ['IsTruncated', page.next !== undefined],
        page.next ? ['NextContinuationToken', writeToken(page.next)] : undefined,
        ...contents,
        ...page.commonPrefixes,
      ]);
    },

    'GET bucket?versions': (request) => {
      requireOnly(request, ['versions', 'key-marker', 'version-id-marker', ...LIST_PARAMETERS]);
      const query = readQuery(request);
      permissions.requireBucket(request, 'ListBucketVersions', listConditions(request));
      const bucket = store.bucket(request.bucket);
      const keyMarker = request.query.get('key-marker');
      const versionMarker = request.query.get('version-id-marker');
      if (versionMarker !== undefined && keyMarker === undefined)
        throw failure('InvalidArgument', 'A version-id marker cannot be specified without a key marker.');
      const ends = query.delimiter !== '' && keyMarker?.endsWith(query.delimiter) && versionMarker === undefined;
      const start: Position = ends ? { commonPrefix: keyMarker } : { key: keyMarker };
      const page = takePage(query, start, allVersions(bucket, query, start, versionMarker));
      const rows = page.rows.map(({ version, latest }) =>
        objectXml(version.content ? 'Version' : 'DeleteMarker', version, query, [
          ['VersionId', version.versionId],
          ['IsLatest', latest],
        ]),
      );
      const marker = page.next?.key ?? page.next?.commonPrefix;
      return xmlReply('ListVersionsResult', [
        ...echoed(request, query),
        ['IsTruncated', page.next !== undefined],
        marker === undefined ? undefined : ['NextKeyMarker', query.encode(marker)],
        page.next?.key === undefined ? undefined : ['NextVersionIdMarker', page.rows.at(-1)?.version.versionId ?? ''],
        ...rows,
        ...page.commonPrefixes,
      ]);
    },
  };

  function* currentObjects(bucket: BucketStore, query: Query, start: Position): Generator<Row> {
    for (const key of keysFrom(bucket.keys, query, start)) {
      const version = bucket.current(key);
      if (version?.content && key !== start.key) yield { version, latest: true };
    }
  }

  function* allVersions(bucket: BucketStore, query: Query, start: Position, after?: string): Generator<Row> {
    for (const key of keysFrom(bucket.keys, query, start)) {
      const versions = bucket.versions(key);
      const marked = key === start.key ? versions.findIndex(({ versionId }) => versionId === after) : -1;
      // Behind a key marker alone, or a version that has gone since, the listing goes on with the next key.
      const first = key !== start.key ? 0 : marked < 0 ? versions.length : marked + 1;
      for (const version of versions.slice(first)) yield { version, latest: version === versions[0] };
    }
  }

  function objectXml(name: string, version: Version, query: Query, more: readonly Xml[]): Xml {
    const { content } = version;
    return [
      name,
      [
        ['Key', query.encode(version.key)],
        ...more,
        ['LastModified', new Date(version.modifiedAt).toISOString()],
        content ? ['ETag', `"${content.etag}"`] : undefined,
        content ? ['Size', content.size] : undefined,
        content ? ['StorageClass', 'STANDARD'] : undefined,
      ],
    ];
  }
}

interface Row {
  readonly version: Version;
  readonly latest: boolean;
}

interface Page {
  readonly rows: readonly Row[];
  readonly commonPrefixes: readonly Xml[];
  /** the last thing listed, when there is more behind it */
  readonly next?: Position;
}

function takePage(query: Query, start: Position, candidates: Iterable<Row>): Page {
  const rows: Row[] = [];
  const prefixes: string[] = [];
  let last: Position = start;
  for (const row of candidates) {
    const common = commonPrefix(row.version.key, query);
    if (common !== undefined && (common === prefixes.at(-1) || common === start.commonPrefix)) continue;
    if (rows.length + prefixes.length >= query.maximum) return page(query.maximum === 0 ? undefined : last);
    if (common === undefined) {
      rows.push(row);
      last = { key: row.version.key };
    } else {
      prefixes.push(common);
      last = { commonPrefix: common };
    }
  }
  return page(undefined);

  function page(next: Position | undefined): Page {
    const commonPrefixes = prefixes.map((prefix): Xml => ['CommonPrefixes', [['Prefix', query.encode(prefix)]]]);
    return { rows, commonPrefixes, next };
  }
}

function keysFrom(keys: SortedKeys, { prefix }: Query, start: Position): Iterable<string> {
  return keys.from(start.commonPrefix ?? start.key ?? '', prefix);
}

function commonPrefix(key: string, { prefix, delimiter }: Query): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

function readQuery({ query }: S3Request): Query {
  const maximum = query.get('max-keys') ?? String(MAXIMUM_PAGE);
  const encoding = query.get('encoding-type');
  if (!/^\d{1,10}$/.test(maximum)) throw failure('InvalidArgument', 'max-keys is not a number');
  if (encoding !== undefined && encoding !== 'url') throw failure('InvalidArgument', 'Invalid Encoding Method');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maximum: Math.min(Number(maximum), MAXIMUM_PAGE),
    encode: encoding === 'url' ? (name) => encodeURIComponent(name).replaceAll('%2F', '/') : (name) => name,
  };
}

/** Condition keys of a listing: each is absent with its parameter. */
function listConditions({ query }: S3Request): Record<string, string> {
  return Object.fromEntries(
    ['prefix', 'delimiter', 'max-keys'].flatMap((name): [string, string][] => {
      const value = query.get(name);
      return value === undefined ? [] : [[`s3:${name}`, value]];
    }),
  );
}

function echoed(request: S3Request, query: Query): readonly (Xml | undefined)[] {
  return [
    ['Name', request.bucket],
    ['Prefix', query.encode(query.prefix)],
    query.delimiter === '' ? undefined : ['Delimiter', query.encode(query.delimiter)],
    ['MaxKeys', query.maximum],
    request.query.has('encoding-type') ? ['EncodingType', 'url'] : undefined,
  ];
}

/** The kind of position, then its name, in base64url: opaque to clients, who should send it back as it is. */
function writeToken(position: Position): string {
  const text = position.key === undefined ? `p${position.commonPrefix ?? ''}` : `k${position.key}`;
  return Buffer.from(text).toString('base64url');
}

function readToken(token: string): Position {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const name = text.slice(1);
  if (text.startsWith('p')) return { commonPrefix: name };
  if (text.startsWith('k')) return { key: name };
  throw failure('InvalidArgument', 'The continuation token provided is incorrect');
}
