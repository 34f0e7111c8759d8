# Layers: one folder each under src/, with a dependency rule that the compiler enforces.
#
# mote_layer(NAME name FOLDER folder USES layer..) makes
#   - an include root that holds only that folder: a link <build>/roots/<name>/<folder> -> src/<folder>;
#   - an object library `mote_<name>` of the folder's sources, which sees its own root and those of the layers it USES and
#     nothing else, so that a forbidden include is "file not found";
#   - a test program `<name>_test` of the folder's *_test.cc, when there are any.
# Roots are not passed on: a layer that includes a header must list that header's layer itself.

function(mote_layer)
  cmake_parse_arguments(LAYER "" "NAME;FOLDER" "USES;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${LAYER_FOLDER})
  set(root ${CMAKE_BINARY_DIR}/roots/${LAYER_NAME})
  get_filename_component(parent ${root}/${LAYER_FOLDER} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${folder} ${root}/${LAYER_FOLDER} SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(roots ${root})
  foreach(used ${LAYER_USES})
    list(APPEND roots ${CMAKE_BINARY_DIR}/roots/${used})
  endforeach()

  if(sources)
    add_library(mote_${LAYER_NAME} OBJECT ${sources})
    target_include_directories(mote_${LAYER_NAME} PRIVATE ${roots})
    target_link_libraries(mote_${LAYER_NAME} PRIVATE mote_flags mote_product_flags)
    target_sources(mote_objects INTERFACE $<TARGET_OBJECTS:mote_${LAYER_NAME}>)
  endif()
  set(below ${LAYER_USES})
  foreach(used ${LAYER_USES})
    get_property(deeper GLOBAL PROPERTY MOTE_BELOW_${used})
    list(APPEND below ${deeper})
  endforeach()
  list(REMOVE_DUPLICATES below)
  set_property(GLOBAL PROPERTY MOTE_BELOW_${LAYER_NAME} "${below}")

  if(MOTE_TESTS AND tests)
    # A test may look at everything that its layer stands on: a plan is asked for in SQL.
    foreach(lower ${below})
      list(APPEND roots ${CMAKE_BINARY_DIR}/roots/${lower})
    endforeach()
    list(REMOVE_DUPLICATES roots)
    add_executable(${LAYER_NAME}_test ${tests})
    target_include_directories(${LAYER_NAME}_test PRIVATE ${roots})
    mote_link_layers(${LAYER_NAME}_test ${LAYER_NAME})
    target_link_libraries(${LAYER_NAME}_test PRIVATE mote_flags mote_codecs GTest::gtest_main)
    add_test(NAME ${LAYER_NAME} COMMAND ${LAYER_NAME}_test)
    set(labels unit)
    if(LAYER_NAME MATCHES "^(env|engine|session)$")
      list(APPEND labels threads)  # what the thread sanitizer looks at
    endif()
    set_tests_properties(${LAYER_NAME} PROPERTIES LABELS "${labels}" TIMEOUT 900)
  endif()
endfunction()

# Links the objects of the named layers and of all that those stand on.
function(mote_link_layers target)
  set(needed ${ARGN})
  foreach(name ${ARGN})
    get_property(below GLOBAL PROPERTY MOTE_BELOW_${name})
    list(APPEND needed ${below})
  endforeach()
  list(REMOVE_DUPLICATES needed)
  foreach(name ${needed})
    if(TARGET mote_${name})
      target_link_libraries(${target} PRIVATE $<TARGET_OBJECTS:mote_${name}>)
    endif()
  endforeach()
endfunction()
