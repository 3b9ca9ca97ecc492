using Tally.AppHost.Commands;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Hosting;

/// <summary>
/// How Grafana is found and started. No Grafana is needed: a script plays it, which looks whether what it is given is there and can be read as its kind of file,
/// and then answers as Grafana's health check does. That a real one likes the files nobody sees here. They change the environment, so nothing else runs meanwhile.
/// </summary>
[Collection(nameof(WholeSystems))]
public sealed class GrafanaTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // server [--homepath HOME] --config FILE, as Grafana 11 and 12 take it.
    private const string StandIn = """
        #!/usr/bin/env python3
        import configparser, glob, http.server, json, os, sys
        if sys.argv[1:] == ['--version']:
            print('grafana version 99.1.2')
            sys.exit(0)
        assert sys.argv[1] == 'server', sys.argv
        ini = configparser.ConfigParser(interpolation=None)
        ini.read_file(open(sys.argv[sys.argv.index('--config') + 1]))
        assert not [name for name in os.environ if name.startswith('GF_')], 'variables that win over the file'
        value = lambda section, name: ini[section][name].strip('`')
        assert value('auth.anonymous', 'enabled') == 'true' and value('auth.anonymous', 'org_role') == 'Viewer'
        assert value('auth.basic', 'enabled') == 'false' and value('security', 'disable_initial_admin_creation') == 'true'
        boards = [json.load(open(name)) for name in glob.glob(os.environ['TALLY_GRAFANA_DASHBOARDS'] + '/*.json')]
        home = json.load(open(value('dashboards', 'default_home_dashboard_path')))
        provisioning = value('paths', 'provisioning')
        source = open(glob.glob(provisioning + '/datasources/*.yml')[0]).read()
        provider = open(glob.glob(provisioning + '/dashboards/*.yml')[0]).read()
        assert '${TALLY_GRAFANA_DASHBOARDS}' in provider
        os.makedirs(value('paths', 'data'), exist_ok=True)
        open(value('paths', 'data') + '/grafana.db', 'w').close()
        urls = [line.strip()[5:] for line in source.splitlines() if line.strip().startswith('url: ')]
        print('shows', ' '.join(urls), 'on', len(boards), 'dashboards, first', home['title'], flush=True)
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == '/api/health' else 404)
                self.end_headers()
                self.wfile.write(b'{"database": "ok", "version": "99.1.2"}')
            def log_message(self, *words):
                pass
        http.server.HTTPServer((value('server', 'http_addr'), int(value('server', 'http_port'))), Answers).serve_forever()
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _before = new(StringComparer.Ordinal);

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        _folder.Dispose();
    }

    [ToolFact("prometheus", "python3")]
    public async Task Up_starts_the_Grafana_on_the_path_on_loopback_with_all_dashboards_and_its_Prometheus_as_a_stand_in_sees_it()
    {
        Put("bin/grafana", StandIn);
        Set("PATH", $"{_folder.In("bin")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}");
        Set("GRAFANA_HOME", null);
        Set("GF_SERVER_HTTP_ADDR", "0.0.0.0");
        var settings = TestFolders.Settings(SystemParts.Prometheus | SystemParts.Grafana);
        await using var system = await LocalSystem.StartAsync(settings, new TestReporter(), CancellationToken.None).Within(Patience);

        var grafana = system.State.Components[ComponentNames.Grafana];
        Assert.Equal((ComponentPhase.Ready, "99.1.2", _folder.In("bin/grafana")), (grafana.State, grafana.Version, grafana.Source));
        Assert.StartsWith("http://127.0.0.1:", grafana.Endpoints[ComponentNames.Http], StringComparison.Ordinal);
        var prometheus = system.State.Components[ComponentNames.Prometheus].Endpoints[ComponentNames.Http];
        Assert.Contains(ComponentNames.Grafana, SystemFiles.LogNames(settings.DataFolder));
        Assert.Equal(
            $"shows {prometheus} on 6 dashboards, first Tally\n", await File.ReadAllTextAsync(SystemFiles.LogFile(settings.DataFolder, ComponentNames.Grafana)));
        Assert.True(File.Exists(Path.Combine(settings.DataFolder, "grafana", "data", "grafana.db")));
        using var http = ComponentProbe.NewClient();
        Assert.Equal("ready", (await ComponentProbe.AskAsync(ComponentNames.Grafana, grafana, http, CancellationToken.None)).State);

        var doctor = await Doctor.ExamineAsync(settings, CancellationToken.None);
        var found = Assert.Single(doctor.Tools, tool => tool.Name == "grafana");
        Assert.Equal((true, false, "99.1.2"), (found.Found, found.Required, found.Version));
    }

    [Fact]
    public void The_folder_that_GRAFANA_HOME_names_comes_first_and_its_own_files_are_said()
    {
        Put("home/bin/grafana", "");
        Put("home/conf/defaults.ini", "");
        Put("bin/grafana", "");
        Set("PATH", _folder.In("bin"));
        Set("GRAFANA_HOME", _folder.In("home"));

        var tool = GrafanaTool.Find(GrafanaChoice.Auto)!;

        Assert.Equal(new GrafanaTool(_folder.In("home/bin/grafana"), _folder.In("home"), IsDocker: false), tool);
        Assert.Equal($"server --homepath {_folder.In("home")} --config c.ini", string.Join(' ', tool.Arguments("c.ini", "f", new Dictionary<string, string>(StringComparer.Ordinal))));
        Assert.Null(GrafanaTool.Find(GrafanaChoice.Off));
    }

    [Fact]
    public void A_link_on_the_path_leads_to_the_files_beside_the_program()
    {
        Put("grafana-12/bin/grafana", "");
        Put("grafana-12/conf/defaults.ini", "");
        Directory.CreateDirectory(_folder.In("bin"));
        File.CreateSymbolicLink(_folder.In("bin/grafana"), _folder.In("grafana-12/bin/grafana"));
        Set("PATH", _folder.In("bin"));
        Set("GRAFANA_HOME", null);

        Assert.Equal(_folder.In("grafana-12"), GrafanaTool.Find(GrafanaChoice.Auto)!.Home);
    }

    [Fact]
    public void What_was_asked_for_and_is_not_there_is_said()
    {
        Set("PATH", _folder.Path);
        Set("GRAFANA_HOME", _folder.In("home"));

        Assert.Contains(
            "GRAFANA_HOME is", Assert.Throws<SystemProblemException>(() => GrafanaTool.Find(GrafanaChoice.Auto)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "docker isn't on the PATH", Assert.Throws<SystemProblemException>(() => GrafanaTool.Find(GrafanaChoice.Docker)).Message, StringComparison.Ordinal);
    }

    /// <summary>No Docker is needed: these are the words that it would get.</summary>
    [Fact]
    public void Docker_is_asked_only_on_demand_and_for_the_same_files_on_the_hosts_loopback()
    {
        Put("bin/docker", "");
        Set("PATH", _folder.In("bin"));
        Set("GRAFANA_HOME", null);
        Assert.Null(GrafanaTool.Find(GrafanaChoice.Auto));

        var tool = GrafanaTool.Find(GrafanaChoice.Docker)!;
        var arguments = string.Join(' ', tool.Arguments("/d/c.ini", "/d", new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = "b" }));

        Assert.Equal(_folder.In("bin/docker"), tool.Program);
        Assert.StartsWith($"run --rm --name {GrafanaTool.ContainerOf("/d")} --network host --user ", arguments, StringComparison.Ordinal);
        Assert.Contains(" --volume /d:/d --env A=b ", arguments, StringComparison.Ordinal);
        Assert.EndsWith($"{GrafanaTool.Image} server --homepath /usr/share/grafana --config /d/c.ini", arguments, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_it_up_and_doctor_say_where_to_get_it()
    {
        Set("PATH", _folder.Path);
        Set("GRAFANA_HOME", null);
        var reporter = new TestReporter();
        var settings = TestFolders.Settings(SystemParts.Prometheus | SystemParts.Grafana);

        await using var system = await LocalSystem.StartAsync(settings, reporter, CancellationToken.None).Within(Patience);

        Assert.Equal(ComponentPhase.Missing, system.State.Components[ComponentNames.Grafana].State);
        Assert.Contains(reporter.Notices, notice => notice.Contains(GrafanaTool.HowToGet, StringComparison.Ordinal));
        var doctor = await Doctor.ExamineAsync(settings, CancellationToken.None);
        var missing = Assert.Single(doctor.Tools, tool => tool.Name == "grafana");
        Assert.Equal((false, false, GrafanaTool.HowToGet), (missing.Found, missing.Required, missing.HowToGet));
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    private void Put(string name, string text)
    {
        var path = _folder.In(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
