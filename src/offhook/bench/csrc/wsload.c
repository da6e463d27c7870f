/* The load: a carrier with many calls, on one thread.
 *
 * Every connection has one frame of audio on its way: it is sent, the reply is awaited and compared, and the next one is
 * sent at once (a closed loop). So the server is always busy, and its CPU time divided by the frames of a window is what
 * one frame pair costs: one message received, one sent.
 *
 * With a core of its own the load never sleeps. A sleeping one must be woken by every reply, which is charged to the
 * server: an artefact of having both on one machine, and a large one where waking a core goes through a hypervisor.
 *
 * usage: wsload PORT PATH CONNECTIONS WARMUP_MS WINDOW_MS SERVER_PID [awake]
 *
 * Prints one JSON object: {"frames", "server_cpu_ns", "wall_ns", "client_cpu_ns"}. Exit code 1 and a line on stderr if
 * the server fails, is silent for 5 s, or sends back other audio than it was sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "websocket.h"

enum { BUFFER = 4096, EVENTS = 256, FRAME_MS = 20, FRAME_BYTES = 160, TEXT_CHARS = 216, FRAMES = 16, SILENCE_MS = 5000 };

struct call {
    int fd;
    unsigned chunk;
    size_t used;
    char audio[FRAMES][TEXT_CHARS + 1]; /* the frames that this call sends in turn, in base64 */
    uint8_t buffer[BUFFER];
};

static const char stream_id[] = "00000000-0000-4000-8000-000000000000";
static uint64_t random_state;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("wsload: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* xorshift64*: masks must not be foreseen by the page a browser runs; here they must only not be constant. */
static uint32_t next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 2685821657736338717u >> 32);
}

/* CPU time that all threads of a process have used: the first number of each /proc/PID/task/TID/schedstat. */
static uint64_t process_cpu_ns(const char *pid)
{
    char path[320];
    uint64_t total = 0, used;
    struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        fail("the server (process %s) is gone", pid);
    while ((entry = readdir(tasks))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue; /* the thread has just ended */
        if (fscanf(file, "%" SCNu64, &used) == 1)
            total += used;
        fclose(file);
    }
    closedir(tasks);
    return total;
}

/* Sends one masked frame (RFC 6455, 5.2 and 5.3). `text` is of at most 1000 bytes, and the server has read all before. */
static void send_frame(struct call *call, int opcode, const void *text, size_t size)
{
    uint8_t frame[1024], *at = frame;
    uint32_t mask = next_random();
    size_t i = 0;

    *at++ = (uint8_t)(0x80 | opcode);
    if (size < 126) {
        *at++ = (uint8_t)(0x80 | size);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (uint8_t)(size >> 8);
        *at++ = (uint8_t)size;
    }
    memcpy(at, &mask, 4);
    at += 4;
    memcpy(at, text, size);
    for (; i + 4 <= size; i += 4) {
        uint32_t word;
        memcpy(&word, at + i, 4);
        word ^= mask;
        memcpy(at + i, &word, 4);
    }
    for (; i < size; i++)
        at[i] ^= ((uint8_t *)&mask)[i & 3];
    size_t whole = (size_t)(at - frame) + size;
    if (send(call->fd, frame, whole, MSG_NOSIGNAL) != (ssize_t)whole)
        fail("expected to send %zu bytes: %s", whole, strerror(errno));
}

/* The next 20 ms, in the form that the carrier gives them. */
static void send_audio(struct call *call)
{
    char text[512];
    unsigned chunk = ++call->chunk;
    int size = snprintf(text, sizeof text,
                        "{\"event\":\"media\",\"sequence_number\":\"%u\",\"stream_id\":\"%s\",\"media\":{\"track\":"
                        "\"inbound\",\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":\"%s\"}}",
                        chunk + 1, stream_id, chunk, (chunk - 1) * FRAME_MS, call->audio[chunk % FRAMES]);
    send_frame(call, WS_TEXT, text, (size_t)size);
}

/* 20 ms of mu-law that cost a coder what speech does: coders branch on the level and the sign, and with these chances of
 * a change they guess as often wrong as with speech. Noise would cost them twice as much, a constant half, and so would
 * a single frame said again and again: processors learn it by heart. */
static void make_audio(uint8_t audio[FRAME_BYTES])
{
    uint32_t level = next_random() % 7, sign = next_random() & 0x80;

    for (int i = 0; i < FRAME_BYTES; i++) {
        if (next_random() % 10 < 4)
            level = next_random() & 1 ? (level < 6 ? level + 1 : 6) : (level > 0 ? level - 1 : 0);
        if (next_random() % 10 < 2)
            sign ^= 0x80;
        audio[i] = (uint8_t)~(sign | level << 4 | (next_random() & 15));
        if (audio[i] == 0x7F)
            audio[i] = 0xFF; /* minus zero comes back as zero */
    }
}

static void shake_hands(struct call *call, const char *path)
{
    char key[25], accept[29], text[1024], *value;
    uint8_t nonce[16];
    size_t used = 0;

    for (int i = 0; i < 16; i++)
        nonce[i] = (uint8_t)next_random();
    key[ws_base64_encode(nonce, sizeof nonce, key)] = '\0';
    ws_accept_key(key, accept);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
                        path, key);
    if (send(call->fd, text, (size_t)size, MSG_NOSIGNAL) != size)
        fail("expected to send the handshake: %s", strerror(errno));
    do {
        ssize_t got = recv(call->fd, text + used, sizeof text - 1 - used, 0);
        if (got <= 0)
            fail("expected an answer to the handshake, got %s", got ? strerror(errno) : "a closed connection");
        used += (size_t)got;
        text[used] = '\0';
    } while (!strstr(text, "\r\n\r\n") && used < sizeof text - 1);
    if (strncmp(text, "HTTP/1.1 101", 12))
        fail("expected HTTP/1.1 101, got %.*s", (int)strcspn(text, "\r"), text);
    value = strcasestr(text, "\r\nsec-websocket-accept:");
    if (!value || strncmp(value + 23 + strspn(value + 23, " "), accept, 28))
        fail("expected Sec-WebSocket-Accept: %s", accept);
}

/* Connects, shakes hands and says what the carrier says first. */
static void open_call(struct call *call, int port, const char *path)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = SILENCE_MS / 1000};
    static const char connected[] = "{\"event\":\"connected\",\"version\":\"1.0.0\"}";
    char start[512];
    uint8_t audio[FRAME_BYTES];
    int on = 1;

    call->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (call->fd < 0 || setsockopt(call->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) ||
        setsockopt(call->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ||
        connect(call->fd, (struct sockaddr *)&address, sizeof address))
        fail("expected to connect to port %d: %s", port, strerror(errno));
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    shake_hands(call, path);
    for (int i = 0; i < FRAMES; i++) {
        make_audio(audio);
        call->audio[i][ws_base64_encode(audio, sizeof audio, call->audio[i])] = '\0';
    }
    send_frame(call, WS_TEXT, connected, sizeof connected - 1);
    int size = snprintf(start, sizeof start,
                        "{\"event\":\"start\",\"sequence_number\":\"1\",\"stream_id\":\"%s\",\"start\":{\"call_control_id\":"
                        "\"bench\",\"media_format\":{\"encoding\":\"PCMU\",\"sample_rate\":8000,\"channels\":1}}}",
                        stream_id);
    send_frame(call, WS_TEXT, start, (size_t)size);
}

/* Whether the message is audio; it must be the audio that was sent. */
static bool is_our_audio(const struct call *call, const uint8_t *text, size_t size)
{
    const char *sent = call->audio[call->chunk % FRAMES];
    const uint8_t *end = text + size, *at = memmem(text, size, "\"payload\"", 9);

    if (!at)
        return false;
    at = memchr(at + 9, '"', (size_t)(end - at - 9));
    if (!at || end - at < TEXT_CHARS + 2 || memcmp(at + 1, sent, TEXT_CHARS) || at[1 + TEXT_CHARS] != '"')
        fail("expected the audio of frame %u back, got other audio", call->chunk);
    return true;
}

/* Takes all whole frames out of the buffer; returns how many of them were audio. */
static unsigned take_frames(struct call *call)
{
    uint8_t *at = call->buffer, *end = at + call->used;
    unsigned audio = 0;

    while (end - at >= 2) {
        size_t size = at[1], header = 2;
        if (size == 126) {
            if (end - at < 4)
                break;
            size = (size_t)at[2] << 8 | at[3];
            header = 4;
        }
        if (at[1] > 126 || header + size > BUFFER)
            fail("expected an unmasked message of at most %d bytes", BUFFER);
        if ((size_t)(end - at) < header + size)
            break;
        if (at[0] == (0x80 | WS_TEXT))
            audio += is_our_audio(call, at + header, size);
        else if (at[0] == (0x80 | WS_PING))
            send_frame(call, WS_PONG, at + header, size);
        else if (at[0] == (0x80 | WS_CLOSE) && size >= 2)
            fail("expected audio, got closed with %d %.*s", at[header] << 8 | at[header + 1], (int)size - 2,
                 (const char *)at + header + 2);
        else
            fail("expected text messages in one frame, got a frame that begins with 0x%02x", at[0]);
        at += header + size;
    }
    call->used = (size_t)(end - at);
    memmove(call->buffer, at, call->used);
    return audio;
}

static unsigned readable(struct call *call)
{
    ssize_t got = recv(call->fd, call->buffer + call->used, BUFFER - call->used, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        fail("expected audio, got %s", got ? strerror(errno) : "a closed connection");
    call->used += (size_t)got;
    unsigned audio = take_frames(call);
    for (unsigned i = 0; i < audio; i++)
        send_audio(call);
    return audio;
}

int main(int count, char **words)
{
    if (count != 7 && count != 8)
        fail("expected PORT PATH CONNECTIONS WARMUP_MS WINDOW_MS SERVER_PID [awake]");
    int port = atoi(words[1]), calls = atoi(words[3]), poll = epoll_create1(0);
    uint64_t warmup_ns = strtoull(words[4], NULL, 10) * 1000000u, window_ns = strtoull(words[5], NULL, 10) * 1000000u;
    const char *pid = words[6];
    bool awake = count == 8;
    struct call *all = calloc((size_t)calls, sizeof *all);
    struct epoll_event events[EVENTS];

    if (!all || poll < 0)
        fail("no memory or no epoll");
    if (getrandom(&random_state, sizeof random_state, 0) != sizeof random_state || !random_state)
        random_state = 1;
    for (int i = 0; i < calls; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        open_call(&all[i], port, words[2]);
        if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event))
            fail("epoll_ctl: %s", strerror(errno));
    }
    for (int i = 0; i < calls; i++)
        send_audio(&all[i]);

    uint64_t heard_ns = clock_ns(CLOCK_MONOTONIC), begin_ns = heard_ns + warmup_ns;
    uint64_t cpu_ns = 0, own_ns = 0, frames = 0, now_ns;
    bool measuring = false;
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, awake ? 0 : SILENCE_MS);
        for (int i = 0; i < ready; i++)
            frames += readable(events[i].data.ptr);
        now_ns = clock_ns(CLOCK_MONOTONIC);
        if (ready > 0)
            heard_ns = now_ns;
        else if (now_ns - heard_ns >= SILENCE_MS * 1000000ull)
            fail("expected audio, got nothing for %d ms", SILENCE_MS);
        if (now_ns < begin_ns)
            continue;
        if (measuring)
            break;
        measuring = true;
        begin_ns = now_ns + window_ns;
        frames = 0;
        own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        cpu_ns = process_cpu_ns(pid);
    }
    cpu_ns = process_cpu_ns(pid) - cpu_ns;
    own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own_ns;
    printf("{\"frames\":%" PRIu64 ",\"server_cpu_ns\":%" PRIu64 ",\"wall_ns\":%" PRIu64 ",\"client_cpu_ns\":%" PRIu64 "}\n",
           frames, cpu_ns, now_ns - begin_ns + window_ns, own_ns);

    for (int i = 0; i < calls; i++) {
        static const uint8_t normal[2] = {1000 >> 8, 1000 & 255};
        send_frame(&all[i], WS_CLOSE, normal, sizeof normal);
        close(all[i].fd);
    }
    return 0;
}
