/* FHIR packages: fhir/package.c and the archives they come in, codec/tar.c. */
#include "codec/gzip.h"
#include "codec/tar.h"
#include "fhir/package.h"
#include "test/unit.h"

typedef struct Member {
    const char *name, *text;
} Member;

/* An archive as tar makes it. */
static Str archive(const Member *members, size_t count)
{
    Buf out = buf_new(unit_call()->arena, 4096);

    for (size_t i = 0; i < count; i++) {
        char     header[512] = { 0 };
        unsigned size = (unsigned)strlen(members[i].text);
        unsigned sum = 0;

        memcpy(header, members[i].name, strlen(members[i].name));
        snprintf(header + 124, 12, "%011o", size);
        memcpy(header + 257, "ustar", 5);
        header[156] = '0';
        memset(header + 148, ' ', 8);
        for (size_t k = 0; k < sizeof header; k++)
            sum += (unsigned char)header[k];
        snprintf(header + 148, 8, "%06o", sum & 0777777);
        buf_put(&out, (Str){ header, sizeof header });
        buf_put(&out, str_from(members[i].text));
        while (out.len % 512)
            buf_put_char(&out, 0);
    }
    for (int i = 0; i < 1024; i++)
        buf_put_char(&out, 0);
    return buf_str(&out);
}

#define DESCRIPTION                                                                            \
    "{\"name\":\"a.b\",\"version\":\"1.0.0\",\"fhirVersions\":[\"4.0.1\"],"                    \
    "\"dependencies\":{\"hl7.fhir.r4.core\":\"4.0.1\"}}"
#define VALUE_SET                                                                              \
    "{\"resourceType\":\"ValueSet\",\"id\":\"v\",\"url\":\"http://x/v\",\"version\":\"2\"}"

static Fail read_all(const Member *members, size_t count, Package *out)
{
    return package_read(unit_call(), gzip_pack(unit_call()->arena, archive(members, count)),
                        out);
}

TEST(a_package_gives_its_description_and_resources)
{
    static const Member members[] = {
        { "package/package.json", DESCRIPTION },
        { "package/ValueSet-v.json", VALUE_SET },
        { "package/.index.json", "{" },
        { "package/example/broken.json", "{" },
        { "other/x.json", "{" },
    };
    Package p;

    CHECK(read_all(members, COUNT(members), &p) == OK);
    CHECK_STR(p.name, STR("a.b"));
    CHECK_STR(p.version, STR("1.0.0"));
    CHECK(p.dependency_count == 1);
    CHECK_STR(p.dependencies[0].name, STR("hl7.fhir.r4.core"));
    CHECK(p.file_count == 1);
    CHECK(p.files[0].type == TYPE_VALUE_SET);
    CHECK_STR(p.files[0].url, STR("http://x/v"));
}

TEST(a_broken_package_is_refused_with_the_file_and_the_reason)
{
    static const struct {
        Member      members[2];
        const char *words[2];
    } cases[] = {
        { { { "package/package.json", DESCRIPTION }, { "package/x.json", "{" } },
          { "x.json", ": " } },
        { { { "package/package.json", DESCRIPTION },
            { "package/x.json", "{\"resourceType\":\"Nothing\"}" } },
          { "x.json", "no resource" } },
        { { { "package/x.json", VALUE_SET }, { "package/y.json", VALUE_SET } },
          { "package.json", "not there" } },
        { { { "package/package.json", "{\"name\":\"../a\",\"version\":\"1\"}" },
            { "package/y.json", VALUE_SET } },
          { "package.json", "name and version" } },
        { { { "package/package.json",
              "{\"name\":\"a\",\"version\":\"1\",\"fhirVersions\":[\"5.0.0\"]}" },
            { "package/y.json", VALUE_SET } },
          { "package.json", "R4" } },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t before = unit_call()->issue_count;
        Package  p;
        Str      text;

        CHECK(read_all(cases[i].members, 2, &p) != OK);
        text = unit_call()->issues[before].text;
        CHECK(str_find(text, str_from(cases[i].words[0])) >= 0);
        CHECK(str_find(text, str_from(cases[i].words[1])) >= 0);
    }
}

TEST(a_damaged_archive_is_refused)
{
    static const Member member = { "package/package.json", DESCRIPTION };
    Str                 whole = archive(&member, 1);
    Str                 copy = arena_str(unit_call()->arena, whole);
    TarEntry            entry;
    bool                more;
    Tar                 tar = tar_open(str_slice(whole, 0, 600));

    CHECK(tar_next(unit_call(), &tar, &entry, &more) == FAIL_SYNTAX);
    ((char *)copy.at)[3] = 'X';
    tar = tar_open(copy);
    CHECK(tar_next(unit_call(), &tar, &entry, &more) == FAIL_SYNTAX);
}

TEST(versions_are_taken_as_dependencies_ask_for_them)
{
    CHECK(package_version_fits(STR("4.0.1"), STR("4.0.1")));
    CHECK(package_version_fits(STR("4.0.1"), STR("4.0.x")));
    CHECK(package_version_fits(STR("4.0.1"), STR("latest")));
    CHECK(!package_version_fits(STR("4.0.1"), STR("4.0.0")));
    CHECK(!package_version_fits(STR("4.0.1"), STR("4.0")));
    CHECK(!package_version_fits(STR("4.1.1"), STR("4.0.x")));
}
