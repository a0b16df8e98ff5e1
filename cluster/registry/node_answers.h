// What a manager's registry answers hosts of the cluster besides /v2/, all below /ikada/, as long
// as they are on record:
//
//   GET  /ikada/names                          {"names": [...]}: the registry's, "HOST:PORT" each
//   GET  /ikada/sources/DIGEST?for=ADDRESS     {"way": "peer" | "manager" | "wait", "address"};
//                                              "wait" comes late, and means to ask again
//   GET  /ikada/kept/DIGEST, POST /ikada/images/DIGEST?in=REPOSITORY   to managers alone
//   POST /ikada/spoilt/DIGEST                  see image_copies.h
//   POST /ikada/sources/DIGEST?for=ADDRESS     it is at that host now
//   POST /ikada/sources/DIGEST?for=ADDRESS&comes=1   it is on its way there
//   POST /ikada/sources/DIGEST?for=ADDRESS&failed=ADDRESS   it did not come from there, or wrong
//
// ADDRESS after `for` is that of who asks.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/registry/blob_sources.h"
#include "cluster/registry/image_copies.h"
#include "cluster/registry/registry_keeper.h"
#include "image/registry/exchange.h"

namespace ikada {

class NodeAnswers {
 public:
  // Whether that is for us. Only for requests whose peer_name is a node's.
  static bool is_ours(std::string_view target);
  // What who asks that has to be, besides on record.
  static NodeClaim claim_of(std::string_view target);

  // What a manager is asked for.
  struct Ground {
    const registry::Layout& layout;
    ImageCopies& copies;
    std::vector<std::string> names = {};     // Of the registry.
    std::vector<std::string> managers = {};  // The addresses of the others.
  };
  // Whether it needs no waiting: give_kept().
  static bool is_quick(std::string_view target);
  static registry::Answer give_kept(const registry::RequestHead& head,
                                    const registry::Layout& layout);

  // Whether it is about sources: answer_source(), which does not wait either. Instead of "wait" it
  // answers nothing unless that `is_last`: it may be otherwise in a moment.
  static bool is_source(std::string_view target);
  std::optional<registry::Answer> answer_source(const registry::RequestHead& head, bool is_last);

  // Whether it is to take an image or to mend a blob, which may take long: run_job().
  static bool is_job(std::string_view target);
  static Result<void> run_job(std::string_view target, const Ground& ground);
  static registry::Answer result_of(const Result<void>& done);

  // The rest, from any thread that may wait.
  registry::Answer answer(const registry::RequestHead& head, const Ground& ground);

 private:
  std::mutex mutex_;
  BlobSources sources_;  // Guarded by it.
};

}  // namespace ikada
