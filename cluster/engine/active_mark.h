// ROOT/active/ID: somebody looks after this container just now.
//
// The mark is made and locked (flock) before anything else of a container; the lock is handed to
// the monitor as a descriptor and is free again when the last holder is dead. So a mark whose lock
// is free names a container whose keeper was killed, and the directory is as small as the number of
// running containers: looking for leftovers costs one readdir. The file's size says what a killed
// keeper would leave behind; it has no content, so that it can be changed on a full disk.
//
// Source: flock(2): the lock belongs to the open file description, which spawned programs share.
// ftruncate(2): what lies between is a hole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/layout.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// The values are the sizes of the file.
enum class ActivePhase : std::uint8_t {
  kNothing = 0,   // Just made: nothing has been done yet, to a whole container or to none.
  kStarted = 1,   // It ran: its exit must be on record.
  kCreating = 2,  // Half-made: what there is of the container goes.
  kStarting = 3,  // A whole container, being started: it stays.
};

class ActiveMark {
 public:
  // Makes the mark if need be and locks it. kConflict if somebody else still holds it after
  // `patience_ms`: another command's look for leftovers holds a mark for a moment, a clean-up for
  // some milliseconds.
  static Result<ActiveMark> acquire(const EngineLayout& layout,
                                    const std::string& id,
                                    int patience_ms = 10'000);

  // The mark of a dead keeper, locked; nullopt if there is none or its keeper lives.
  static Result<std::optional<ActiveMark>> find_abandoned(const EngineLayout& layout,
                                                          const std::string& id);

  ActivePhase phase() const { return phase_; }
  Result<void> set_phase(ActivePhase phase);

  // The locked descriptor, for the monitor to hold.
  int fd() const { return fd_.get(); }

  // Takes the mark away: nobody needs to look after the container.
  void remove();

 private:
  ActiveMark(UniqueFd fd, std::string path, ActivePhase phase)
      : fd_(std::move(fd)), path_(std::move(path)), phase_(phase) {}

  UniqueFd fd_;
  std::string path_;
  ActivePhase phase_;
};

// True if somebody alive holds the mark.
bool is_looked_after(const EngineLayout& layout, const std::string& id);

// Waits until nobody looks after the container. Returns at once if there is no mark.
void wait_until_unattended(const EngineLayout& layout, const std::string& id);

// Takes the mark away without holding it, for the clean-up that its holder asked for.
void remove_active_mark(const EngineLayout& layout, const std::string& id);

// Marks a container, whoever holds its mark, as half-made: if the holder dies now, all of it goes.
Result<void> condemn(const EngineLayout& layout, const std::string& id);

// Ids that have a mark, in no order.
Result<std::vector<std::string>> list_active(const EngineLayout& layout);

}  // namespace ikada
