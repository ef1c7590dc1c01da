// wire IF_A IF_B DELAY_MS LOSS_PERCENT: a long cable between two network interfaces.
//
// Every frame that arrives at one interface leaves by the other DELAY_MS later, in the order of arrival, unless it is lost.
// Kernels without netem can do it this way. The process goes to the background once the cable carries frames, and stays
// until it is killed.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum { SECOND = 1000000000, MILLISECOND = 1000000 };

struct frame {
  struct frame *next;
  long long due; // nanoseconds of the monotonic clock
  size_t length;
  char bytes[];
};

// One direction. All frames have the same delay, so the one that came first is due first: a queue keeps the order.
struct lane {
  int from, to;
  struct frame *first, **last;
};

static long long delay;
static double loss;
// a frame may be as large as segmentation offload makes it
static char buffer[sizeof(struct virtio_net_hdr) + 65536 + ETH_HLEN + 4];

static void require(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * (long long)SECOND + t.tv_nsec;
}

static int plug(const char *interface) {
  int one = 1, room = 64 << 20;
  int s = socket(AF_PACKET, SOCK_RAW, 0);
  require(s >= 0, "socket");
  // Each frame comes with what the sender left to the hardware, checksum and segmentation, and is sent on with it.
  require(setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) == 0, "PACKET_VNET_HDR");
  require(setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) == 0, "PACKET_IGNORE_OUTGOING");
  require(setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0, "SO_RCVBUFFORCE");
  require(setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0, "SO_SNDBUFFORCE");
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
  require(address.sll_ifindex > 0, interface);
  require(bind(s, (struct sockaddr *)&address, sizeof address) == 0, interface);
  return s;
}

static void take_in(struct lane *lane) {
  for (;;) {
    ssize_t length = recv(lane->from, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0) {
      require(errno == EAGAIN || errno == EINTR || errno == ENETDOWN, "receive");
      return;
    }
    if (loss > 0 && drand48() < loss) continue;
    struct frame *frame = malloc(sizeof *frame + (size_t)length);
    require(frame != NULL, "memory");
    *frame = (struct frame){.due = now() + delay, .length = (size_t)length};
    memcpy(frame->bytes, buffer, (size_t)length);
    *lane->last = frame;
    lane->last = &frame->next;
  }
}

static void let_out(struct lane *lane) {
  while (lane->first && lane->first->due <= now()) {
    struct frame *frame = lane->first;
    lane->first = frame->next;
    if (!lane->first) lane->last = &lane->first;
    // what the interface refuses is lost, as on any cable
    while (send(lane->to, frame->bytes, frame->length, 0) < 0 && errno == EINTR) {
    }
    free(frame);
  }
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: wire IF_A IF_B DELAY_MS LOSS_PERCENT\n");
    return 64;
  }
  delay = (long long)(atof(argv[3]) * MILLISECOND);
  loss = atof(argv[4]) / 100;
  srand48(1); // the same losses in every run
  int a = plug(argv[1]), b = plug(argv[2]);
  struct lane lanes[] = {{.from = a, .to = b}, {.from = b, .to = a}};
  struct pollfd arrivals[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
  for (int i = 0; i < 2; i++) lanes[i].last = &lanes[i].first;
  require(daemon(0, 0) == 0, "background");
  prctl(PR_SET_TIMERSLACK, 1); // wake when a frame is due, not up to 50 microseconds later

  for (;;) {
    long long due = -1;
    for (int i = 0; i < 2; i++)
      if (lanes[i].first && (due < 0 || lanes[i].first->due < due)) due = lanes[i].first->due;
    long long left = due - now();
    if (left < 0) left = 0;
    struct timespec wait = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    ppoll(arrivals, 2, due < 0 ? NULL : &wait, NULL);
    for (int i = 0; i < 2; i++) {
      take_in(&lanes[i]);
      let_out(&lanes[i]);
    }
  }
}
