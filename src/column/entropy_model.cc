#include "column/entropy_model.h"

namespace mote {

std::unique_ptr<EntropyModel> EntropyModel::train(const SampleBlocks&) { return nullptr; }
void EntropyModel::serialize(std::string*) const {}
Result<std::unique_ptr<EntropyModel>> EntropyModel::parse(ByteReader&) {
  return corruption("entropy model of an unknown version");
}
void EntropyModel::encode(const uint64_t*, uint32_t, std::string*) const {}
Status EntropyModel::decode(ByteReader&, uint32_t, uint64_t*) const {
  return corruption("entropy model of an unknown version");
}

}  // namespace mote
