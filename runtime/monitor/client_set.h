// All clients attached to one container.
//
// The monitor is asked nothing by the container's users, only by root or by its own user: everyone
// else is refused by SO_PEERCRED, besides the socket's mode and its directory's.
#pragma once

#include <functional>
#include <list>
#include <string_view>

#include "runtime/monitor/client.h"
#include "runtime/monitor/poller.h"

namespace ikada {

// What clients ask for.
struct ClientRequests {
  std::function<void(std::string_view)> on_stdin;
  std::function<void()> on_stdin_end;
  std::function<void(unsigned short rows, unsigned short columns)> on_window;
  std::function<void(int)> on_signal;
  std::function<void(const Client&)> on_gone;
};

class ClientSet {
 public:
  explicit ClientSet(ClientRequests requests) : requests_(std::move(requests)) {}

  // Takes a connected socket; the first client may take the clean-up upon itself.
  void add(UniqueFd socket, bool is_first);

  // Accepts one client that waits at `listen_fd`.
  void accept_from(int listen_fd);

  // Sends a message, with its type byte, to everyone.
  void broadcast(std::string_view message);

  // Asks the poller for what the clients need: their messages if `read`, room for what waits.
  Result<void> update_interest(Poller& poller, bool read);

  // Deals with an event of one of the clients; false if `fd` is none of them.
  bool dispatch(int fd, std::uint32_t events);

  // Lets those go that do not read.
  void drop_slow();

  bool has_waiting() const;
  bool has_waiting_lossless() const;
  bool someone_does_clean_up() const;

 private:
  using Place = std::list<Client>::iterator;
  void read_message(Place client);
  void act(Client& client, MonitorMessage type, std::string_view body);
  void remove(Place client);

  ClientRequests requests_;
  std::list<Client> clients_;
};

}  // namespace ikada
