; pkarr-setup.exe: for one user, without the administrator. Packed by installer/package/windows.sh, which defines
; VERSION (1.2.3), PROGRAM (the file), OUT (the file to make), and for tests QUICKLY.
;
; It puts the program where it stays, and all that browsers need is then the work of `pkarr install`: this script knows
; no browser. /S asks nothing. The uninstaller takes /PURGE, too: what pkarr keeps for the user goes then.

Unicode true
ManifestDPIAware true
ManifestSupportedOS all
RequestExecutionLevel user
!ifdef QUICKLY
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
!endif
; Files get the time of their installation, so that the same program gives the same setup.
SetDateSave off

!include LogicLib.nsh
!include FileFunc.nsh

!define ENTRIES "Software\Microsoft\Windows\CurrentVersion\Uninstall"
!define ENTRY "${ENTRIES}\pkarr"
; How many programs may still run that were replaced. The program knows names and number, too.
!define MAX_OLD 100

Name "pkarr"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\pkarr"
ShowInstDetails show
ShowUninstDetails show
BrandingText "pkarr ${VERSION}"
CompletedText "pkarr is there for your browsers. What is missing now is the extension, from your browser’s store."

VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "pkarr"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Opens pkarr keys in the browser you have"
VIAddVersionKey LegalCopyright "MIT licence"

Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

; --- install ----------------------------------------------------------------------------------------------------------

; A browser that is open runs the program, and what runs can be renamed, but neither replaced nor deleted. Puts it aside,
; says where in $1, and deletes what was put aside earlier, where that has ended since.
!macro PutAside
  StrCpy $1 ""
  StrCpy $0 0
  ${Do}
    Delete "$INSTDIR\pkarr.exe.old-$0"
    ${If} $1 == ""
    ${AndIf} ${FileExists} "$INSTDIR\pkarr.exe"
      ClearErrors
      Rename "$INSTDIR\pkarr.exe" "$INSTDIR\pkarr.exe.old-$0"
      ${IfNot} ${Errors}
        StrCpy $1 "$INSTDIR\pkarr.exe.old-$0"
      ${EndIf}
    ${EndIf}
    IntOp $0 $0 + 1
  ${LoopUntil} $0 >= ${MAX_OLD}
!macroend

Section
  SetOutPath "$INSTDIR"
  !insertmacro PutAside
  ClearErrors
  SetOverwrite try
  File "/oname=pkarr.exe" "${PROGRAM}"
  ${If} ${Errors}
    ; Better the old one than none.
    ${If} $1 != ""
      Rename "$1" "$INSTDIR\pkarr.exe"
    ${EndIf}
    SetErrorLevel 2
    Abort "The program can’t be written to $INSTDIR. Close your browsers, see whether the disk is full, and try again."
  ${EndIf}
  ${If} $1 != ""
    ; Where it runs it stays for now; the program looks for it when it is started the next time.
    Delete "$1"
  ${EndIf}

  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${ENTRY}" "DisplayName" "pkarr"
  WriteRegStr HKCU "${ENTRY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${ENTRY}" "Publisher" "pkarr"
  WriteRegStr HKCU "${ENTRY}" "DisplayIcon" "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${ENTRY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${ENTRY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${ENTRY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${ENTRY}" "EstimatedSize" $0
  WriteRegDWORD HKCU "${ENTRY}" "NoModify" 1
  WriteRegDWORD HKCU "${ENTRY}" "NoRepair" 1

  ; --all: a browser that comes later finds the program, too.
  nsExec::ExecToLog '"$INSTDIR\pkarr.exe" install --all'
  Pop $0
  ${If} $0 != 0
    SetErrorLevel 1
    MessageBox MB_OK|MB_ICONEXCLAMATION "pkarr is installed, but not every browser could be told of it: the details say which and why. Later, $\"$INSTDIR\pkarr.exe$\" doctor tells it again." /SD IDOK
  ${EndIf}
SectionEnd

; --- uninstall --------------------------------------------------------------------------------------------------------

; Deletes what was put aside. What still runs goes to the folder for temporary files, from where the system clears it. That
; may be on another drive: then at most a copy got there, and the file stays where it is until Windows starts anew, or, for
; only an administrator may have Windows do that, until pkarr is installed again.
!macro DeleteOrMove FILE
  ClearErrors
  Delete "${FILE}"
  ${If} ${Errors}
    GetTempFileName $2
    Delete "$2"
    Rename "${FILE}" "$2"
    Delete /REBOOTOK "$2"
    ${If} ${FileExists} "${FILE}"
      Delete /REBOOTOK "${FILE}"
    ${EndIf}
  ${EndIf}
!macroend

Section Uninstall
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/PURGE" $1
  ${If} ${Errors}
    StrCpy $3 ""
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "Delete what pkarr keeps for you, too: settings, logs, what was looked up, the list of keys that are kept published? Key files always stay." /SD IDNO IDNO keep
    StrCpy $3 "--purge --yes"
    keep:
  ${Else}
    StrCpy $3 "--purge --yes"
  ${EndIf}

  ; Without the program nobody could take its root out of the browsers any more. Windows asks about it itself.
  ${If} ${FileExists} "$LOCALAPPDATA\pkarr\pkarr\data\https\root.key"
    nsExec::ExecToLog '"$INSTDIR\pkarr.exe" https disable'
    Pop $0
  ${EndIf}
  nsExec::ExecToLog '"$INSTDIR\pkarr.exe" uninstall $3'
  Pop $0
  ${If} $0 != 0
    SetErrorLevel 1
  ${EndIf}

  ; Whatever becomes of its file, nobody starts it any more.
  !insertmacro PutAside
  StrCpy $0 0
  ${Do}
    ${If} ${FileExists} "$INSTDIR\pkarr.exe.old-$0"
      !insertmacro DeleteOrMove "$INSTDIR\pkarr.exe.old-$0"
    ${EndIf}
    IntOp $0 $0 + 1
  ${LoopUntil} $0 >= ${MAX_OLD}
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  ; These go only where they are empty now.
  RMDir "$INSTDIR"
  RMDir "$LOCALAPPDATA\Programs"
  DeleteRegKey HKCU "${ENTRY}"
  DeleteRegKey /ifempty HKCU "${ENTRIES}"
SectionEnd
