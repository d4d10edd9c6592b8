// An OpenID provider with Keycloak's paths, for one test run.
//
// The first line of standard input is its configuration, as JSON: {realm, audience, clients: [{clientId, userId, jwks}]}.
// Once it listens it prints one line, "issuer <URL>". It ends when standard input does, so it never outlives the tests.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import { Provider } from 'oidc-provider';

const SECONDS_IN_AN_HOUR = 3600;

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', kid: randomUUID(), use: 'sig' };
}

function clientMetadata({ clientId, jwks }) {
  return {
    client_id: clientId,
    grant_types: ['client_credentials'],
    jwks,
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
  };
}

function configuration({ audience, clients }) {
  const userIds = new Map(clients.map(({ clientId, userId }) => [clientId, userId]));
  return {
    clients: clients.map(clientMetadata),
    cookies: { keys: [randomUUID()] },
    extraTokenClaims: (_ctx, { clientId }) => ({ clientId, typ: 'Bearer', userId: userIds.get(clientId) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({
          accessTokenFormat: 'jwt',
          audience,
          jwt: { sign: { alg: 'RS256' } },
          scope: '',
        }),
      },
    },
    jwks: { keys: [signingKey()] },
    routes: {
      jwks: '/protocol/openid-connect/certs',
      token: '/protocol/openid-connect/token',
    },
    ttl: { ClientCredentials: SECONDS_IN_AN_HOUR },
  };
}

// What express does for a mounted application: the provider finds its own prefix from originalUrl.
function mounted(prefix, handle) {
  return (request, response) => {
    if (!request.url.startsWith(`${prefix}/`)) {
      response.writeHead(404).end();
      return;
    }
    request.originalUrl = request.url;
    request.url = request.url.slice(prefix.length);
    handle(request, response);
  };
}

const input = createInterface({ input: process.stdin });
input.once('close', () => process.exit(0));
const [line] = await once(input, 'line');
const settings = JSON.parse(line);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const prefix = `/auth/realms/${settings.realm}`;
const issuer = `http://127.0.0.1:${server.address().port}${prefix}`;
server.on('request', mounted(prefix, new Provider(issuer, configuration(settings)).callback()));
console.log(`issuer ${issuer}`);
