# How everything is compiled: warnings are errors, hardening is on, the product has neither exceptions nor RTTI.

find_package(Threads REQUIRED)

# For products and tests alike. RTTI is off in tests too, since they derive from the product's classes.
add_library(mote_flags INTERFACE)
target_compile_options(mote_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion -Wno-dangling-else -Werror -fno-strict-aliasing
  -fstack-protector-strong -fstack-clash-protection -fno-delete-null-pointer-checks -ffp-contract=off)
target_link_libraries(mote_flags INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports reads of uninitialised optionals and bounds that it can not follow.
  target_compile_options(mote_flags INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-class-memaccess>)
endif()

add_library(mote_product_flags INTERFACE)
target_compile_options(mote_product_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> -fvisibility=hidden -ffunction-sections -fdata-sections
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

if(MOTE_SANITIZE)
  target_compile_options(mote_flags INTERFACE -fsanitize=${MOTE_SANITIZE} -fno-omit-frame-pointer -g1 -O1)
  if(MOTE_SANITIZE MATCHES "undefined")
    target_compile_options(mote_flags INTERFACE -fno-sanitize=vptr -fno-sanitize-recover=all)
  endif()
  target_link_options(mote_flags INTERFACE -fsanitize=${MOTE_SANITIZE})
elseif(MOTE_SMALL)
  # Whole-program optimisation, and none of what a program without exceptions, on a machine that counts its kilobytes,
  # can do without: unwind tables, position-independent code, canaries.
  target_compile_options(mote_flags INTERFACE -Os -flto=auto -fno-asynchronous-unwind-tables -fno-unwind-tables
    -fno-stack-protector -fno-stack-clash-protection -fno-pic)
  target_link_options(mote_flags INTERFACE -Os -flto=auto -no-pie)
else()
  target_compile_options(mote_flags INTERFACE -O2 -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(mote_flags INTERFACE -fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    target_compile_options(mote_flags INTERFACE -mbranch-protection=standard)
  endif()
endif()
target_link_options(mote_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)

# Libraries that the product links, all as static archives (architecture.md 6).
add_library(mote_codecs INTERFACE)
find_library(LZ4_ARCHIVE NAMES liblz4.a REQUIRED)
target_link_libraries(mote_codecs INTERFACE ${LZ4_ARCHIVE})
if(MOTE_WITH_ZSTD)
  find_library(ZSTD_ARCHIVE NAMES libzstd.a REQUIRED)
  target_link_libraries(mote_codecs INTERFACE ${ZSTD_ARCHIVE})
  target_compile_definitions(mote_flags INTERFACE MOTE_WITH_ZSTD=1)
endif()
if(MOTE_WITH_ZLIB)
  find_library(ZLIB_ARCHIVE NAMES libz.a REQUIRED)
  target_link_libraries(mote_codecs INTERFACE ${ZLIB_ARCHIVE})
  target_compile_definitions(mote_flags INTERFACE MOTE_WITH_ZLIB=1)
endif()
