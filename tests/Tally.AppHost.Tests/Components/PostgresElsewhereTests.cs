using Tally.AppHost.Components;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class PostgresElsewhereTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_system_finds_its_files_again()
    {
        var cluster = MakeCluster("a");

        Assert.Equal(cluster, Elsewhere().Data(Link("a")));
        Assert.StartsWith(_folder.In("lib/data-"), cluster, StringComparison.Ordinal);
    }

    [Fact]
    public void A_moved_system_keeps_its_files_though_another_one_starts_at_its_old_place()
    {
        var cluster = MakeCluster("a");
        Directory.Move(_folder.In("a"), _folder.In("moved"));

        var another = MakeCluster("a");

        Assert.NotEqual(cluster, another);
        Assert.Equal(cluster, Elsewhere().Data(Link("moved")));
        Assert.True(Directory.Exists(cluster));
        PostgresElsewhere.Remove(Link("a"));
        Assert.False(Directory.Exists(another));
        Assert.True(Directory.Exists(cluster));
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_no_new_system()
    {
        var cluster = MakeCluster("a");
        Directory.Delete(Path.GetDirectoryName(cluster)!, recursive: true);

        var problem = Assert.Throws<SystemProblemException>(() => Elsewhere().Data(Link("a")));

        Assert.Contains($"'{Link("a")}' is a link to '{Path.GetDirectoryName(cluster)}'", problem.Message, StringComparison.Ordinal);
        Assert.Throws<SystemProblemException>(() => PostgresElsewhere.ThrowIfLost(Link("a")));
    }

    [Fact]
    public void A_copy_neither_takes_nor_removes_the_files_of_the_first()
    {
        var cluster = MakeCluster("a");
        CopyLink("a", "copy");

        var problem = Assert.Throws<SystemProblemException>(() => Elsewhere().Data(Link("copy")));
        PostgresElsewhere.Remove(Link("copy"));

        Assert.Contains($"is a copy of '{Link("a")}'", problem.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(cluster));
    }

    [Fact]
    public void Files_are_removed_only_by_the_data_folder_that_they_name()
    {
        var cluster = MakeCluster("a");
        Directory.Move(_folder.In("a"), _folder.In("moved"));

        var problem = Assert.Throws<SystemProblemException>(() => PostgresElsewhere.Remove(Link("moved")));
        Assert.Contains($"they were those of '{Link("a")}'", problem.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(cluster));

        Elsewhere().Data(Link("moved"));
        PostgresElsewhere.Remove(Link("moved"));
        Assert.False(Directory.Exists(Path.GetDirectoryName(cluster)));
    }

    [Fact]
    public void A_folder_reached_by_another_path_is_the_same_folder()
    {
        var cluster = MakeCluster("a");
        Directory.CreateSymbolicLink(_folder.In("alias"), _folder.In("a"));

        Assert.Equal(cluster, Elsewhere().Data(Link("alias")));
        PostgresElsewhere.Remove(Link("alias"));

        Assert.False(Directory.Exists(cluster));
    }

    [Fact]
    public void What_an_operators_own_link_leads_to_is_neither_used_nor_removed()
    {
        Directory.CreateDirectory(_folder.In("disk/kept"));
        Directory.CreateDirectory(_folder.In("a"));
        Directory.CreateSymbolicLink(Link("a"), _folder.In("disk"));

        Assert.Throws<SystemProblemException>(() => Elsewhere().Data(Link("a")));
        var problem = Assert.Throws<SystemProblemException>(() => new SystemFolder(_folder.In("a")).Delete());

        Assert.Contains("remove the link", problem.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder.In("disk/kept")));
    }

    [Fact]
    public async Task Two_first_starts_at_once_copy_the_programs_once()
    {
        Directory.CreateDirectory(_folder.In("tool/bin"));
        await File.WriteAllTextAsync(_folder.In("tool/bin/postgres"), "program");
        File.SetUnixFileMode(_folder.In("tool/bin/postgres"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var tool = new PostgresTool(_folder.In("tool"), "18", "a test");

        var copies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Elsewhere().ProgramsAsync(tool, new TestReporter(), CancellationToken.None))))
            .Within(Processes.Soon);

        Assert.All(copies, copy => Assert.Equal(_folder.In($"lib/{PostgresTool.Entry}"), copy.Folder));
        Assert.Equal([PostgresTool.Entry], Directory.EnumerateDirectories(_folder.In("lib")).Select(Path.GetFileName));
        Assert.True(File.GetUnixFileMode(copies[0].Program("postgres")).HasFlag(UnixFileMode.OtherRead | UnixFileMode.OtherExecute));
        Assert.True(File.GetUnixFileMode(copies[0].Folder).HasFlag(UnixFileMode.OtherExecute));
    }

    private PostgresElsewhere Elsewhere() => new(_folder.In("lib"));

    private string Link(string system) => _folder.In($"{system}/postgres");

    private string MakeCluster(string system)
    {
        Directory.CreateDirectory(_folder.In(system));
        var cluster = Elsewhere().Data(Link(system));
        Directory.CreateDirectory(cluster);
        File.WriteAllText(Path.Combine(cluster, "PG_VERSION"), "18");
        return cluster;
    }

    private void CopyLink(string from, string to)
    {
        Directory.CreateDirectory(_folder.In(to));
        Directory.CreateSymbolicLink(Link(to), new DirectoryInfo(Link(from)).LinkTarget!);
    }
}
