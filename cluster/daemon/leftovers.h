// What daemons that were killed have left in the directories of this one, which holds their lock.
#pragma once

#include <string>

namespace ikada {

// Files that were to take another's place (runtime/base/atomic_file.h): some of them hold keys.
void remove_temporaries(const std::string& state_root);

// An empty file in the cluster's directory: something is begun there, which who finds the note goes
// on with.
class ClusterNote {
 public:
  // On a host that is in no cluster: all that a manager keeps there is to be removed. Its host has
  // left, or was not sure yet to lead what is there.
  static ClusterNote remove_all(const std::string& directory);
  // On a cluster's only manager: the others that a backup knew are to be forgotten.
  static ClusterNote forget_managers(const std::string& directory);

  bool is_there() const;
  void write() const;  // Failure is logged: without a note only a kill leaves something.
  void remove() const;

 private:
  explicit ClusterNote(std::string path);

  std::string path_;
};

}  // namespace ikada
