/* The floor: the least that a media server on one thread can cost.
 *
 * An epoll loop that speaks RFC 6455, takes the carrier's media messages, decodes base64 and mu-law to 16-bit pcm,
 * encodes it again and sends it back. It checks nothing it can do without, so it is no server to use.
 *
 * usage: wsbridge      prints "ready PORT" and serves 127.0.0.1:PORT until it is ended
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "websocket.h"

enum { BUFFER = 16384, PAYLOAD = 8192 /* in base64 */, EVENTS = 256 };

struct connection {
    int fd;
    bool open; /* the handshake is done */
    size_t used;
    uint8_t buffer[BUFFER];
};

static int16_t to_pcm[256];
static uint8_t to_mulaw[65536];
static uint8_t from_base64[256];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* mu-law as ITU-T G.711 has it, both ways as tables. */
static void make_tables(void)
{
    for (int code = 0; code < 256; code++) {
        int inverted = ~code & 0xFF;
        int magnitude = (((inverted & 15) << 3) + 132) << (inverted >> 4 & 7);
        to_pcm[code] = (int16_t)(inverted & 0x80 ? 132 - magnitude : magnitude - 132);
    }
    for (int sample = -32768; sample < 32768; sample++) {
        int magnitude = abs(sample) > 32635 ? 32635 + 132 : abs(sample) + 132;
        int segment = 7;
        while (segment > 0 && !(magnitude & (128 << segment)))
            segment--;
        int code = segment << 4 | (magnitude >> (segment + 3) & 15);
        to_mulaw[(uint16_t)sample] = (uint8_t)(~code & (sample < 0 ? 0x7F : 0xFF));
    }
    for (int i = 0; i < 64; i++)
        from_base64[(uint8_t)ws_base64[i]] = (uint8_t)i;
}

static size_t decode_base64(const uint8_t *in, size_t size, uint8_t *out)
{
    uint8_t *at = out;

    while (size && in[size - 1] == '=')
        size--;
    for (size_t i = 0; i + 1 < size; i += 4) {
        uint32_t four = (uint32_t)from_base64[in[i]] << 18 | (uint32_t)from_base64[in[i + 1]] << 12;
        *at++ = (uint8_t)(four >> 16);
        if (i + 2 < size) {
            four |= (uint32_t)from_base64[in[i + 2]] << 6;
            *at++ = (uint8_t)(four >> 8);
        }
        if (i + 3 < size)
            *at++ = (uint8_t)(four | from_base64[in[i + 3]]);
    }
    return (size_t)(at - out);
}

/* A reply is far smaller than the socket's buffer and the peer waits for it: a short write means a broken peer. */
static bool send_all(int fd, const void *data, size_t size)
{
    return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Answers the upgrade request. False: not one. */
static bool shake_hands(struct connection *connection, size_t size)
{
    static const char name[] = "\r\nsec-websocket-key:";
    char accept[29], answer[256];

    connection->buffer[size - 1] = '\0';
    const char *key = strcasestr((char *)connection->buffer, name);
    if (!key)
        return false;
    key += sizeof name - 1;
    key += strspn(key, " ");
    if (strcspn(key, "\r") != 24)
        return false;
    ws_accept_key(key, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    connection->open = true;
    return send_all(connection->fd, answer, (size_t)length);
}

/* One message of the carrier: audio goes back as audio, all else is passed over. */
static bool bridge(int fd, uint8_t *message, size_t size)
{
    static const char field[] = "\"payload\":\"", head[] = "{\"event\":\"media\",\"media\":{\"payload\":\"", tail[] = "\"}}";
    uint8_t codes[PAYLOAD], frame[4 + 64 + PAYLOAD], *at = frame + 4;
    int16_t pcm[PAYLOAD];

    if (!memmem(message, size < 24 ? size : 24, "\"media\"", 7))
        return true;
    uint8_t *payload = memmem(message, size, field, sizeof field - 1);
    if (!payload)
        return true;
    payload += sizeof field - 1;
    uint8_t *end = memchr(payload, '"', size - (size_t)(payload - message));
    if (!end || end - payload > PAYLOAD)
        return false;
    size_t count = decode_base64(payload, (size_t)(end - payload), codes);
    for (size_t i = 0; i < count; i++)
        pcm[i] = to_pcm[codes[i]];
    for (size_t i = 0; i < count; i++)
        codes[i] = to_mulaw[(uint16_t)pcm[i]];
    memcpy(at, head, sizeof head - 1);
    at += sizeof head - 1;
    at += ws_base64_encode(codes, count, (char *)at);
    memcpy(at, tail, sizeof tail - 1);
    at += sizeof tail - 1;

    size_t body = (size_t)(at - frame - 4);
    if (body < 126) {
        frame[2] = 0x80 | WS_TEXT;
        frame[3] = (uint8_t)body;
        return send_all(fd, frame + 2, body + 2);
    }
    frame[0] = 0x80 | WS_TEXT;
    frame[1] = 126;
    frame[2] = (uint8_t)(body >> 8);
    frame[3] = (uint8_t)body;
    return send_all(fd, frame, body + 4);
}

/* Undoes the client's mask, eight bytes at a time (RFC 6455, 5.3). */
static void unmask(uint8_t *data, size_t size, const uint8_t mask[4])
{
    uint64_t wide, word;
    size_t i = 0;

    memcpy(&wide, mask, 4);
    memcpy((uint8_t *)&wide + 4, mask, 4);
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= wide;
        memcpy(data + i, &word, 8);
    }
    for (; i < size; i++)
        data[i] ^= mask[i & 3];
}

/* Takes every whole frame out of the buffer. False: close the connection. */
static bool take_frames(struct connection *connection)
{
    uint8_t *at = connection->buffer, *end = at + connection->used;

    while (end - at >= 6) {
        size_t size = at[1] & 127, header = 6;
        if (size == 127 || !(at[1] & 128) || !(at[0] & 128))
            return false;
        if (size == 126) {
            if (end - at < 8)
                break;
            size = (size_t)at[2] << 8 | at[3];
            header = 8;
        }
        if (header + size > BUFFER)
            return false;
        if ((size_t)(end - at) < header + size)
            break;
        if ((at[0] & 15) == WS_CLOSE)
            return false;
        if ((at[0] & 15) == WS_TEXT) {
            unmask(at + header, size, at + header - 4);
            if (!bridge(connection->fd, at + header, size))
                return false;
        }
        at += header + size;
    }
    connection->used = (size_t)(end - at);
    memmove(connection->buffer, at, connection->used);
    return true;
}

/* Something to read. False: close the connection. */
static bool readable(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->buffer + connection->used, BUFFER - connection->used, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    connection->used += (size_t)got;
    if (connection->open)
        return take_frames(connection);
    uint8_t *end = memmem(connection->buffer, connection->used, "\r\n\r\n", 4);
    if (!end)
        return connection->used < BUFFER;
    size_t size = (size_t)(end - connection->buffer) + 4;
    if (!shake_hands(connection, size))
        return false;
    connection->used -= size;
    memmove(connection->buffer, connection->buffer + size, connection->used);
    return take_frames(connection);
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        fail("wsbridge: listen");
    printf("ready %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void accept_all(int listener, int poll)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
        if (fd < 0)
            return;
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection)
            fail("wsbridge: memory");
        connection->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event))
            fail("wsbridge: epoll_ctl");
    }
}

int main(void)
{
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.ptr = NULL};
    int poll = epoll_create1(EPOLL_CLOEXEC);

    make_tables();
    int listener = listen_on_loopback();
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event))
        fail("wsbridge: epoll");
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            fail("wsbridge: epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection) {
                accept_all(listener, poll);
            } else if (!readable(connection)) {
                close(connection->fd);
                free(connection);
            }
        }
    }
}
