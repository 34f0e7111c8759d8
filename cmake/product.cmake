# What users get: the library, shared and static, the shell, and what `cmake --install` puts where.

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME motedb)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(motedb SHARED)
add_library(motedb_static STATIC)
add_library(motedb::motedb ALIAS motedb)
add_library(motedb::static ALIAS motedb_static)
foreach(library motedb motedb_static)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:mote_objects>)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${library} INTERFACE cxx_std_20)
endforeach()
target_link_libraries(motedb PRIVATE mote_flags mote_codecs)
target_link_options(motedb PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/motedb.map)
set_target_properties(motedb PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0 EXPORT_NAME motedb
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/motedb.map)
set_target_properties(motedb_static PROPERTIES OUTPUT_NAME motedb EXPORT_NAME static)
target_link_libraries(motedb_static PUBLIC Threads::Threads $<BUILD_INTERFACE:mote_codecs>)
set(codec_names lz4)
if(MOTE_WITH_ZSTD)
  list(APPEND codec_names zstd)
endif()
if(MOTE_WITH_ZLIB)
  list(APPEND codec_names z)
endif()
target_link_libraries(motedb_static INTERFACE "$<INSTALL_INTERFACE:${codec_names}>")

if(MOTE_SMALL)
  # The small profile is a static program: its code is at fixed places, so no shared library can be made of it.
  set_target_properties(motedb PROPERTIES EXCLUDE_FROM_ALL TRUE)
elseif(MOTE_TOP_LEVEL)
  install(TARGETS motedb motedb_static EXPORT motedbTargets)
  install(DIRECTORY include/mote TYPE INCLUDE)
  install(EXPORT motedbTargets NAMESPACE motedb:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/motedb)
  file(WRITE ${CMAKE_BINARY_DIR}/motedbConfig.cmake
    "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n"
    "include(\${CMAKE_CURRENT_LIST_DIR}/motedbTargets.cmake)\n")
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/motedbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  list(TRANSFORM codec_names PREPEND "-l" OUTPUT_VARIABLE codec_flags)
  list(JOIN codec_flags " " codec_flags)
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  file(WRITE ${CMAKE_BINARY_DIR}/motedb.pc
    "prefix=\${pcfiledir}/${up}\n"
    "Name: motedb\nDescription: An embedded database for robots\nVersion: ${PROJECT_VERSION}\n"
    "Cflags: -I\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}\n"
    "Libs: -L\${prefix}/${CMAKE_INSTALL_LIBDIR} -lmotedb\nLibs.private: ${codec_flags} -lpthread\n")
  install(FILES ${CMAKE_BINARY_DIR}/motedbConfig.cmake ${CMAKE_BINARY_DIR}/motedbConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/motedb)
  install(FILES ${CMAKE_BINARY_DIR}/motedb.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
