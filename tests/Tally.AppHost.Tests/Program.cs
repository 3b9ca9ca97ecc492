using System.Runtime.Versioning;
using Tally.AppHost.Components.Processes;

[assembly: SupportedOSPlatform("linux")]

// Not a test: the supervisor that WatchdogTests starts and kills. It starts a child that ends when asked and one that doesn't, each with a child
// of its own, and writes down who they are.
if (args is not ["supervise", var folder])
{
    return 2;
}

Watchdog.RemoveAtEnd(Path.Combine(folder, "thrown-away"));
Watchdog.RemoveAtEnd(Path.Combine(folder, "kept"));
Watchdog.Keep(Path.Combine(folder, "kept"));
string[] scripts = ["sleep 300 & echo $!; wait", "trap '' INT TERM; sleep 300 & echo $!; while :; do sleep 1; done"];
var pids = new List<string>();
foreach (var script in scripts)
{
    var log = Path.Combine(folder, $"{pids.Count}.log");
    var child = ProcessLauncher.Start(new LaunchPlan("/bin/sh", ["-c", script], log));
    while (!File.Exists(log) || (await File.ReadAllTextAsync(log)) is not [.., '\n'])
    {
        await Task.Delay(10);
    }

    pids.AddRange([$"{child.Pid}", (await File.ReadAllTextAsync(log)).Trim()]);
}

await WriteAsync("watchdog", $"{Watchdog.Pid}");
await WriteAsync("children", string.Join('\n', pids));
while (true)
{
    await Task.Delay(50);
    await WriteAsync("watchdog", $"{Watchdog.Pid}");
}

async Task WriteAsync(string name, string text)
{
    var file = Path.Combine(folder, name);
    await File.WriteAllTextAsync(file + ".new", text);
    File.Move(file + ".new", file, overwrite: true);
}
