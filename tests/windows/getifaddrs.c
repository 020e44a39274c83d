/* For wine 8's server, a machine whose network interfaces nobody can list. It looks for the one that has the address which
 * a UDP socket is bound to, and takes any other address for no address at all, so that whoever is at 127.5.6.7 seems to be
 * at 127.0.0.1. Where it can't look, it binds to what it is told, as Windows does. */

#include <errno.h>
#include <ifaddrs.h>

int getifaddrs(struct ifaddrs **to) {
  *to = 0;
  errno = ENOSYS;
  return -1;
}
