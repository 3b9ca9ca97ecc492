using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>A real Chromium without a screen, with a profile of its own. It asks nobody but the page that it is sent to.</summary>
internal sealed class Browser : IDisposable
{
    /// <summary>The programs that it takes.</summary>
    public const string Program = "chromium";

    /// <summary>What drives it.</summary>
    public const string Driver = "chromedriver";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Kept: a person may want to see what the tests saw.
    private static readonly string Pictures = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;

    private readonly string _profile = Directory.CreateTempSubdirectory("tally-chromium-").FullName;
    private readonly ChromeDriver _driver;

    public Browser()
    {
        var options = new ChromeOptions { BinaryLocation = ToolFactAttribute.FindProgram(Program) };
        options.AddArguments(
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--window-size=1280,1100", $"--user-data-dir={_profile}");
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        var path = ToolFactAttribute.FindProgram(Driver)!;
        _driver = new ChromeDriver(ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(path)!, Path.GetFileName(path)), options, Patience);
    }

    /// <summary>Opens a page.</summary>
    public void Open(string address) => _driver.Navigate().GoToUrl(address);

    /// <summary>The text that is shown in an element.</summary>
    public string TextOf(string id) => _driver.FindElement(By.Id(id)).Text;

    /// <summary>Types into a field in place of what is there.</summary>
    public void Type(string name, string text)
    {
        var field = _driver.FindElement(By.Name(name));
        field.Clear();
        field.SendKeys(text);
    }

    /// <summary>Presses a key in a field, as somebody without a mouse does.</summary>
    public void Press(string name, string key) => _driver.FindElement(By.Name(name)).SendKeys(key);

    /// <summary>Waits until an element's text is as wanted.</summary>
    public Task ShowsAsync(string id, Func<string, bool> isIt) => Eventually.TrueAsync(() => isIt(TextOf(id)), Patience, $"#{id}, which shows '{TextOf(id)}'");

    /// <summary>The value of an expression on the page.</summary>
    public T Evaluate<T>(string expression)
        where T : struct => (T)_driver.ExecuteScript($"return {expression}")!;

    /// <summary>As on another screen.</summary>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="scheme"><c>light</c> or <c>dark</c>.</param>
    public void See(int width, int height, string scheme)
    {
        _driver.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500 });
        _driver.ExecuteCdpCommand(
            "Emulation.setEmulatedMedia",
            new() { ["features"] = new[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = scheme } } });
    }

    /// <summary>Keeps a picture of what is seen.</summary>
    public void Picture(string name) => _driver.GetScreenshot().SaveAsFile(Path.Combine(Pictures, $"{name}.png"));

    /// <summary>What the page complained about since the last time: errors in scripts, what its policy forbade, what could not be loaded.</summary>
    public IReadOnlyList<string> Complaints() => [.. _driver.Manage().Logs.GetLog(LogType.Browser).Where(entry => entry.Level >= LogLevel.Warning).Select(entry => entry.Message)];

    public void Dispose()
    {
        _driver.Quit();
        _driver.Dispose();
        Directory.Delete(_profile, recursive: true);
    }
}
