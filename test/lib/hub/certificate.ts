/**
 * A certificate of `localhost`, valid until 2126, with its key: for servers in tests only. Made by `openssl req -x509
 * -newkey ec -pkeyopt ec_paramgen_curve:prime256v1`.
 */
export const certificate = {
  key: `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbgGBFO1k3iiG3jSg
NSpkejmiIYJgy92rxOtT2dIuDVGhRANCAARH7UqjHFJsjrclJfXHgjGC2FAcOxKm
MP7jcyL4HUB12snW90/jMrbR8jBYR5f5Uvg3aq445WX/qvI3dcbpQvQ3
-----END PRIVATE KEY-----
`,
  cert: `
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUJmpTuuM7TLxu1L6UXxyZaUWMmvwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE1Mzg1NVoYDzIxMjYxMDMw
MTUzODU1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARH7UqjHFJsjrclJfXHgjGC2FAcOxKmMP7jcyL4HUB12snW90/jMrbR
8jBYR5f5Uvg3aq445WX/qvI3dcbpQvQ3o28wbTAdBgNVHQ4EFgQUYjx8REI7cqTZ
OqYeZfXjEtL1IjQwHwYDVR0jBBgwFoAUYjx8REI7cqTZOqYeZfXjEtL1IjQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAJkgsORTeepm5E9Ndn4DNNQClpslUPLUFH3sstTEpYpsAiAt
5sgPiUnaSsqMJcFMHMwlCjpxH9ezc/xFx5SmpDSfrQ==
-----END CERTIFICATE-----
`
}
