// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Loaded before a client: no host but this one is found, so that nothing is sent elsewhere.
import dns from 'node:dns';

const { lookup } = dns;
const isLocal = (host) => ['localhost', '127.0.0.1', '::1'].includes(host);

dns.lookup = (host, options, callback) => {
  if (isLocal(host)) return lookup(host, options, callback);
  console.error(`localhost.js: ${host} was asked for`);
  return (callback ?? options)(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host }));
};
