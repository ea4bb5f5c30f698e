# The C library, for those who do not speak cargo.
#
#   make                        builds liblvs.a, liblvs.so and lvs.pc
#   make install DESTDIR= PREFIX=/usr/local
#   make FEATURES=bare          without malloc and abort, for firmware: see lvs_set_allocator
#   make AUTH=                  without authentication of VRRP adverts, and so without ciphers
#   make FEATURES=std           with the standard library: panics become LVS_ERR_PANIC
#   make CARGOFLAGS=--offline   or whatever else cargo is to be told
#
# All needs cargo, a C compiler and binutils. What is built is one object that exports the functions
# of lvs.h and nothing else, so that it goes with other Rust libraries.

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
FEATURES   ?= libc
AUTH       ?= $(if $(filter bare,$(FEATURES)),,auth)
CARGO      ?= cargo
OBJCOPY    ?= objcopy
NM         ?= nm
CARGOFLAGS ?= --locked
TARGET_DIR ?= $(or $(CARGO_TARGET_DIR),target)

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# Before 1.0 the minor version tells what fits together.
ABI     := $(shell echo $(VERSION) | cut -d. -f1-2)
OUT     := $(TARGET_DIR)/c-$(FEATURES)

# Only a build that unwinds can catch a panic; on boards, size counts more than speed.
PROFILE_std  := release
PROFILE_libc := bare
PROFILE_bare := embedded
PROFILE := $(PROFILE_$(FEATURES))
ARCHIVE := $(TARGET_DIR)/$(PROFILE)/liblvs.a
# What the standard library wants of the system; the others need libc at most.
PRIVATE := $(if $(filter std,$(FEATURES)),-lgcc_s -lpthread -lm -ldl,)
# Boards have no unwinder.
STRIP   := $(if $(filter bare,$(FEATURES)),--remove-section=.eh_frame,)
SHARED  := $(if $(filter bare,$(FEATURES)),,$(OUT)/liblvs.so.$(VERSION))

all: $(OUT)/liblvs.a $(SHARED) $(OUT)/lvs.pc

# Cargo knows best whether something has changed.
$(OUT)/archive.a: FORCE
	@mkdir -p $(OUT)
	$(CARGO) rustc -p lvs-ffi --profile $(PROFILE) --crate-type staticlib \
	    --no-default-features --features '$(FEATURES) $(AUTH)' --target-dir $(TARGET_DIR) $(CARGOFLAGS)
	@cmp -s $(ARCHIVE) $@ || cp $(ARCHIVE) $@

$(OUT)/exported: $(OUT)/archive.a
	$(NM) -g --defined-only $< 2>/dev/null | awk '$$2 == "T" && $$3 ~ /^lvs_/ {print $$3}' | sort -u >$@

$(OUT)/lvs.o: $(OUT)/archive.a $(OUT)/exported
	$(LD) -r --gc-sections $$(sed 's/^/-u/' $(OUT)/exported) $< -o $@
	$(OBJCOPY) $(STRIP) --keep-global-symbols=$(OUT)/exported $@

$(OUT)/liblvs.a: $(OUT)/lvs.o
	rm -f $@
	$(AR) rcs $@ $<

$(OUT)/lvs.map: Cargo.toml
	echo 'LVS_$(ABI) { global: lvs_*; local: *; };' >$@

$(OUT)/liblvs.so.$(VERSION): $(OUT)/lvs.o $(OUT)/lvs.map
	$(CC) -shared $(LDFLAGS) $< -o $@ -Wl,-soname,liblvs.so.$(ABI) -Wl,-z,defs \
	    -Wl,--gc-sections -Wl,--version-script=$(OUT)/lvs.map $(PRIVATE)

$(OUT)/lvs.pc: FORCE
	@mkdir -p $(OUT)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	    'Name: lvs' 'Description: Linux Virtual Server and VRRP, sans-IO' 'Version: $(VERSION)' \
	    'Libs: -L$${libdir} -llvs' 'Libs.private: $(PRIVATE)' 'Cflags: -I$${includedir}' >$@

install: all
	install -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 include/lvs.h $(DESTDIR)$(INCLUDEDIR)/lvs.h
	install -m 644 $(OUT)/liblvs.a $(DESTDIR)$(LIBDIR)/liblvs.a
	install -m 644 $(OUT)/lvs.pc $(DESTDIR)$(LIBDIR)/pkgconfig/lvs.pc
ifneq ($(SHARED),)
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/liblvs.so.$(VERSION)
	ln -sf liblvs.so.$(VERSION) $(DESTDIR)$(LIBDIR)/liblvs.so.$(ABI)
	ln -sf liblvs.so.$(ABI) $(DESTDIR)$(LIBDIR)/liblvs.so
endif

.PHONY: all install FORCE
