/* What both ends of a WebSocket need (RFC 6455): SHA-1, base64 and the handshake's accept key.
 *
 * Small rather than general: messages here are short, and nothing is secret.
 */
#ifndef OFFHOOK_WEBSOCKET_H
#define OFFHOOK_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WS_TEXT = 1, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

static const char ws_base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Writes the base64 of `in` to `out`, with padding and no NUL; returns how many characters. */
static inline size_t ws_base64_encode(const uint8_t *in, size_t size, char *out)
{
    char *at = out;
    size_t i = 0;

    for (; i + 2 < size; i += 3) {
        uint32_t three = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *at++ = ws_base64[three >> 18];
        *at++ = ws_base64[three >> 12 & 63];
        *at++ = ws_base64[three >> 6 & 63];
        *at++ = ws_base64[three & 63];
    }
    if (i < size) {
        uint32_t rest = (uint32_t)in[i] << 16 | (i + 1 < size ? (uint32_t)in[i + 1] << 8 : 0);
        *at++ = ws_base64[rest >> 18];
        *at++ = ws_base64[rest >> 12 & 63];
        *at++ = i + 1 < size ? ws_base64[rest >> 6 & 63] : '=';
        *at++ = '=';
    }
    return (size_t)(at - out);
}

static inline uint32_t ws_rotate(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static inline void ws_sha1_block(uint32_t state[5], const uint8_t block[64])
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = ws_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t mixed, constant;
        if (i < 20)
            mixed = (b & c) | (~b & d), constant = 0x5A827999;
        else if (i < 40)
            mixed = b ^ c ^ d, constant = 0x6ED9EBA1;
        else if (i < 60)
            mixed = (b & c) | (b & d) | (c & d), constant = 0x8F1BBCDC;
        else
            mixed = b ^ c ^ d, constant = 0xCA62C1D6;
        mixed += ws_rotate(a, 5) + e + constant + w[i];
        e = d, d = c, c = ws_rotate(b, 30), b = a, a = mixed;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* SHA-1 of at most 119 bytes: one or two blocks are all that a handshake needs. */
static inline void ws_sha1(const void *in, size_t size, uint8_t out[20])
{
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t padded[128] = {0};
    size_t blocks = size + 9 <= 64 ? 1 : 2;

    memcpy(padded, in, size);
    padded[size] = 0x80;
    padded[blocks * 64 - 2] = (uint8_t)(size * 8 >> 8);
    padded[blocks * 64 - 1] = (uint8_t)(size * 8);
    for (size_t i = 0; i < blocks; i++)
        ws_sha1_block(state, padded + 64 * i);
    for (int i = 0; i < 20; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* The Sec-WebSocket-Accept for a Sec-WebSocket-Key of 24 characters (RFC 6455, 4.2.2): 28 characters and a NUL. */
static inline void ws_accept_key(const char *key, char out[29])
{
    char text[24 + 36];
    uint8_t hash[20];

    memcpy(text, key, 24);
    memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    ws_sha1(text, sizeof text, hash);
    out[ws_base64_encode(hash, sizeof hash, out)] = '\0';
}

#endif
